import Foundation
import Sampling
import TestSupport

/// What scripts/fixtures/sampling/make_goldens.py and make_kdiffusion.py write.
enum Goldens {
  struct Settings: Decodable {
    var num_train_timesteps: Int
    var prediction_type: String
    var rescale_betas_zero_snr: Bool
    var beta_start: Double?
    var beta_end: Double?
    var beta_schedule: String?
    var timestep_spacing: String?
    var steps_offset: Int?
    var set_alpha_to_one: Bool?
    var final_sigmas_type: String?
    var use_karras_sigmas: Bool?
    var use_exponential_sigmas: Bool?
    var use_beta_sigmas: Bool?
    var shift: Double?
  }

  struct SamplerCase: Decodable {
    var sampler: String
    var steps: Int
    var eta: Double
    var settings: Settings
    var initial_scale: Double
    var timesteps: [Double]
    var sigmas: [Double]?
    var calls: Int
    var after_first: [Double]
    var after_second: [Double]
    var final: [Double]
  }

  struct Samplers: Decodable {
    var start: [Double]
    var cases: [String: SamplerCase]
  }

  struct KDiffusionCase: Decodable {
    var sampler: String
    var prediction: String
    var eta: Double?
    var sigmas: [Double]?
    var sigma_max: Double?
    var sigma_min: Double?
    var n: Int?
    var rtol: Double?
    var atol: Double?
    var h_init: Double?
    var noise: String?
    var seed: UInt64?
    var calls: Int
    var model_t: [Double]
    var final: [Double]
  }

  struct Increments: Decodable {
    struct Increment: Decodable {
      var from: Double
      var to: Double
      var first4: [[Double]]
      var last: [Double]
      var sum: [Double]
    }
    var shape: [Int]
    var seed: Seeds
    var sigma_min: Double
    var sigma_max: Double
    var increments: [Increment]
  }

  /// One seed for a batch, or one a picture.
  enum Seeds: Decodable {
    case batch(UInt64)
    case pictures([UInt64])

    init(from decoder: any Decoder) throws {
      let content = try decoder.singleValueContainer()
      if let one = try? content.decode(UInt64.self) {
        self = .batch(one)
      } else {
        self = .pictures(try content.decode([UInt64].self))
      }
    }
  }

  struct KDiffusion: Decodable {
    var start: [Double]
    var sigma_lists: [String: [String: [Double]]]
    var t_of_sigma: [String: Double]
    var sigma_of_t: [String: Double]
    var brownian: [Increments]
    var cases: [String: KDiffusionCase]
  }

  struct WebUICase: Decodable {
    var sampler: String
    var schedule: String?
    var prediction: String
    var steps: Int
    var eta: Double?
    var sigmas: [Double]?
    var calls: Int
    var model_t: [Double]
    var final: [Double]
  }

  struct WebUISeeded: Decodable {
    var generator: String?
    var seed: UInt64
    var steps: Int
    var sampler: String
    var schedule: String
    var start: [Double]
    var final: [Double]
  }

  struct WebUINoise: Decodable {
    var shape_3_4: [Float]
    var three_times_16: [[Float]]
  }

  struct WebUISamplers: Decodable {
    var start: [Double]
    var cases: [String: WebUICase]
    var seeded: [WebUISeeded]
  }

  struct WebUI: Decodable {
    var start: [Double]
    var cases: [String: WebUICase]
    var seeded: [WebUISeeded]
    var noise: [String: WebUINoise]
  }

  struct LongNoise: Decodable {
    var first8: [Float]
    var last4: [Float]
    var middle: Float
    var sum: Double
    var sum_of_squares: Double
    var second_call_first4: [Float]
  }

  struct Noise: Decodable {
    var long: [String: LongNoise]
    var seed42: [String: [Float]]
    var mixed_seed99: [[Float]]
  }

  struct RescaledGuidance: Decodable {
    var scale: Double
    var rescale: Double
    var unconditional: [Float]
    var conditional: [Float]
    var result: [Float]
  }

  struct Tables: Decodable {
    var alphas: [String: [String: Double]]
    var checksums: [String: [Int?]]
  }

  static func read<Content: Decodable>(_ name: String, as: Content.Type = Content.self) throws -> Content {
    try JSONDecoder().decode(Content.self, from: Fixtures.data("sampling/\(name).json"))
  }
}

extension Goldens.Settings {
  struct Unknown: Error { var value: String }

  func scheduleSettings() throws -> ScheduleSettings {
    func parse<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
      guard let value = Value(rawValue: text) else { throw Unknown(value: text) }
      return value
    }
    var settings = ScheduleSettings()
    settings.trainTimesteps = num_train_timesteps
    settings.betaStart = beta_start ?? settings.betaStart
    settings.betaEnd = beta_end ?? settings.betaEnd
    settings.betaSchedule = try parse(beta_schedule ?? "scaled_linear")
    settings.spacing = try parse(timestep_spacing ?? "leading")
    settings.stepsOffset = steps_offset ?? 0
    settings.rescaleZeroSNR = rescale_betas_zero_snr
    settings.setAlphaToOne = set_alpha_to_one ?? false
    settings.finalSigma = try parse(final_sigmas_type ?? "zero")
    return settings
  }
}

func largestDifference<Number: BinaryFloatingPoint>(_ first: [Number], _ second: [Number]) -> Number {
  guard first.count == second.count else { return .infinity }
  // NaN must not pass as the smaller one.
  return zip(first, second).map { abs($0 - $1) }.reduce(0) { $1 <= $0 ? $0 : ($1.isNaN ? .infinity : $1) }
}

/// The toy network of the goldens, after `Prediction`'s scaling: fills `clean` for 16 values.
func toyDenoise(
  _ prediction: Prediction, told: @escaping (Double) -> Void = { _ in }
) -> (_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws -> Void {
  { x, level, clean in
    told(level.timestep)
    let scale = prediction.inputScale(at: level)
    let output = x.values.indices.map { index in
      Float(0.7 * scale * x.values[index] + 0.1 * sin(Double(index)) + 0.2 * level.timestep / 1000)
    }
    output.withUnsafeBufferPointer { prediction.makeClean(&clean, output: $0, from: x, at: level) }
  }
}

func toyLatents(_ values: [Double], scale: Double) -> Latents {
  var latents = Latents(batch: 1, channels: values.count, height: 1, width: 1, values: values)
  latents.scale(by: scale)
  return latents
}
