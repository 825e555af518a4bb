extension Stability {
  package enum DiffusionSampler: Int, Sendable {
    case ddim, ddpm, kEuler, kEulerAncestral, kHeun, kDPM2, kDPM2Ancestral, kLMS, kDPMPP2SAncestral, kDPMPP2M
    case kDPMPPSDE
  }

  /// What the masked area holds before it is drawn.
  package enum MaskedAreaInit: Int, Sendable {
    case zero, random, original
  }

  package enum GuidancePreset: Int, Sendable {
    case none, simple, fastBlue, fastGreen, slow, slower, slowest
  }

  package enum Adapter: Int, Sendable {
    case none, sketch, depth, canny
  }

  /// What is nil was not sent.
  package struct ImageParameters: ProtobufReadable, Equatable, Sendable {
    package var height: Int?
    package var width: Int?
    package var seeds: [UInt32] = []
    package var samples: Int?
    package var steps: Int?
    package var transform: Transform?
    package var parameters: [StepParameter] = []
    package var maskedAreaInit: MaskedAreaInit?
    package var adapter: AdapterParameters?
    package var fineTunings: [FineTuning] = []

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: height = try field.int("height")
      case 2: width = try field.int("width")
      case 3: for seed in try field.elements("seed") { seeds.append(try seed.uint32("seed")) }
      case 4: samples = try field.int("samples")
      case 5: steps = try field.int("steps")
      case 6: transform = try field.message("transform", with: transform)
      case 7: parameters.append(try field.message("parameters"))
      case 8: maskedAreaInit = try field.choice("masked_area_init")
      case 12: adapter = try field.message("adapter", with: adapter)
      case 13: fineTunings.append(try field.message("fine_tuning_parameters"))
      default: break
      }
    }
  }

  /// How the picture comes about: `TransformType`.
  package enum Transform: ProtobufReadable, Equatable, Sendable {
    case diffusion(DiffusionSampler)
    case upscaler
    /// The message was there, and empty.
    case unsaid

    package init() { self = .unsaid }

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: self = .diffusion(try field.choice("diffusion"))
      case 2: self = .upscaler
      default: break
      }
    }
  }

  package struct AdapterParameters: ProtobufReadable, Equatable, Sendable {
    package var type = Adapter.none
    package var strength: Float = 0

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: type = try field.choice("adapter_type")
      case 2: strength = try field.float("adapter_strength")
      default: break
      }
    }
  }

  package struct FineTuning: ProtobufReadable, Equatable, Sendable {
    package var model = ""
    package var weight: Float = 1

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: model = try field.text("model_id")
      case 2: weight = try field.float("weight")
      default: break
      }
    }
  }
}

extension Stability {
  package struct StepParameter: ProtobufReadable, Equatable, Sendable {
    package var scaledStep: Float = 0
    package var sampler = SamplerParameters()
    package var schedule = ScheduleParameters()
    package var guidance = GuidanceParameters()

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: scaledStep = try field.float("scaled_step")
      case 2: sampler = try field.message("sampler", with: sampler)
      case 3: schedule = try field.message("schedule", with: schedule)
      case 4: guidance = try field.message("guidance", with: guidance)
      default: break
      }
    }
  }

  package struct SamplerParameters: ProtobufReadable, Equatable, Sendable {
    package var eta: Float?
    package var guidanceScale: Float?

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: eta = try field.float("eta")
      case 5: guidanceScale = try field.float("cfg_scale")
      default: break
      }
    }
  }

  package struct ScheduleParameters: ProtobufReadable, Equatable, Sendable {
    /// The strength: 1 draws anew all of a starting picture.
    package var start: Float = 1
    package var end: Float?

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      switch field.number {
      case 1: start = try field.float("start")
      case 2: end = try field.float("end")
      default: break
      }
    }
  }

  /// Guidance by CLIP's opinion of the picture.
  package struct GuidanceParameters: ProtobufReadable, Equatable, Sendable {
    package var preset = GuidancePreset.none

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(ProtobufError) {
      if field.number == 1 { preset = try field.choice("guidance_preset") }
    }
  }
}
