/// A sampler together with the schedule whose noise levels it steps through: what a comparison compares.
package struct SamplingMethod: Codable, Hashable, Sendable {
  package let sampler: String
  package let schedule: String

  package init(sampler: String, schedule: String) {
    self.sampler = sampler
    self.schedule = schedule
  }
}

/// Which picture of the grid.
package struct CellKey: Codable, Hashable, Sendable {
  package let sampler: String
  package let schedule: String
  /// Steps as the sampler counts them, which may call the network more than once each.
  package let steps: Int
  package let seed: UInt64
  /// The prompt's place in `ComparisonResults.prompts`, from 0.
  package let prompt: Int

  package init(sampler: String, schedule: String, steps: Int, seed: UInt64, prompt: Int) {
    self.sampler = sampler
    self.schedule = schedule
    self.steps = steps
    self.seed = seed
    self.prompt = prompt
  }

  package var method: SamplingMethod { SamplingMethod(sampler: sampler, schedule: schedule) }
}

/// What a cell is measured against.
package enum ComparisonKind: String, Codable, Sendable, CaseIterable {
  /// One fine solution of the probability-flow ODE, the same for all samplers without fresh noise.
  case ode
  /// The same sampler with many more steps along its own Brownian path.
  case path
  /// Nothing; a notice says why.
  case none
}

/// How far a result is from its reference.
package struct CellMeasure: Codable, Sendable, Equatable {
  /// Root of the mean squared difference of the latents, in units of the latents that the network sees.
  package let latentRMSE: Double
  /// In dB, of the pictures' 8-bit RGB values; at most `PictureDistance.highestPSNR`.
  package let psnr: Double
  /// Structural similarity of the pictures, 1 for equal ones.
  package let ssim: Double

  package init(latentRMSE: Double, psnr: Double, ssim: Double) {
    self.latentRMSE = latentRMSE
    self.psnr = psnr
    self.ssim = ssim
  }

  enum CodingKeys: String, CodingKey {
    case latentRMSE = "latent_rmse"
    case psnr
    case ssim
  }
}

/// One picture of the grid: what it cost and how near it came.
package struct CellRecord: Codable, Sendable, Equatable {
  package let key: CellKey
  /// How often the network was asked for its prediction; a call under guidance counts once.
  package let networkCalls: Int
  /// From noise to latents, one value a repeat.
  package let samplingSeconds: [Double]
  /// From latents to picture, which no sampler can help.
  package let decodingSeconds: Double
  /// Nil exactly where `kind` is `.none`.
  package let measure: CellMeasure?
  package let kind: ComparisonKind
  /// Whether the repeats gave the same bytes; nil where there was one only.
  package let isRepeatable: Bool?
  /// The picture's file name in the comparison's folder.
  package let picture: String
  /// Sentences for a person, such as why nothing could be measured.
  package let notices: [String]

  package init(
    key: CellKey, networkCalls: Int, samplingSeconds: [Double], decodingSeconds: Double,
    measure: CellMeasure?, kind: ComparisonKind, isRepeatable: Bool?, picture: String, notices: [String] = []
  ) {
    self.key = key
    self.networkCalls = networkCalls
    self.samplingSeconds = samplingSeconds
    self.decodingSeconds = decodingSeconds
    self.measure = measure
    self.kind = kind
    self.isRepeatable = isRepeatable
    self.picture = picture
    self.notices = notices
  }

  enum CodingKeys: String, CodingKey {
    case key
    case networkCalls = "network_calls"
    case samplingSeconds = "sampling_seconds"
    case decodingSeconds = "decoding_seconds"
    case measure
    case kind
    case isRepeatable = "is_repeatable"
    case picture
    case notices
  }
}

/// What cells of one prompt and seed are measured against.
package struct ReferenceRecord: Codable, Sendable, Equatable {
  package let prompt: Int
  package let seed: UInt64
  /// What made the reference.
  package let sampler: String
  package let schedule: String
  package let networkCalls: Int
  package let kind: ComparisonKind
  /// How far this is from a solution with half the calls: nothing nearer than that can be told apart.
  package let uncertainty: CellMeasure?
  /// The picture's file name in the comparison's folder.
  package let picture: String
  /// What alone is measured against it: this method, and its sampler with schedules that have no reference of their
  /// own. Nil where all cells of the prompt, seed and kind are.
  package let of: SamplingMethod?

  package init(
    prompt: Int, seed: UInt64, sampler: String, schedule: String, networkCalls: Int, kind: ComparisonKind,
    uncertainty: CellMeasure?, picture: String, of: SamplingMethod? = nil
  ) {
    self.prompt = prompt
    self.seed = seed
    self.sampler = sampler
    self.schedule = schedule
    self.networkCalls = networkCalls
    self.kind = kind
    self.uncertainty = uncertainty
    self.picture = picture
    self.of = of
  }

  enum CodingKeys: String, CodingKey {
    case prompt
    case seed
    case sampler
    case schedule
    case networkCalls = "network_calls"
    case kind
    case uncertainty
    case picture
    case of
  }
}
