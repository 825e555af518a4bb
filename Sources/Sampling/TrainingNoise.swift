import Glibc

/// How a model was trained to see noise: the fields of diffusers' `scheduler_config.json` that decide it.
/// The defaults are those of Stable Diffusion 1.
package struct ScheduleSettings: Sendable, Equatable {
  /// `beta_schedule`.
  package enum BetaSchedule: String, Sendable, CaseIterable {
    /// Square roots of beta evenly spaced: latent diffusion.
    case scaledLinear = "scaled_linear"
    case linear
    /// Cosine of Nichol and Dhariwal (2021), beta at most 0.999; `beta_start` and `beta_end` are not used.
    case squaredCosine = "squaredcos_cap_v2"
    /// The logistic function from -6 to 6, between `beta_start` and `beta_end`.
    case sigmoid
    /// As the cosine, with exp(-12 t) for the share of the clean picture.
    case exponential = "exp"
    /// As the cosine, with a Laplace distribution of ln(alpha / sigma).
    case laplace
  }

  /// `use_karras_sigmas` and the like: the model's own sigmas, in place of those of timesteps.
  package enum Sigmas: String, Sendable, CaseIterable {
    case karras = "use_karras_sigmas"
    case exponential = "use_exponential_sigmas"
    case beta = "use_beta_sigmas"
    case luLambdas = "use_lu_lambdas"

    var schedule: Schedule {
      switch self {
      case .karras: .karras
      case .exponential: .exponential
      case .beta: .beta
      case .luLambdas: .luLambdas
      }
    }
  }

  /// `final_sigmas_type`: where the variance-exploding list ends.
  package enum FinalSigma: String, Sendable, CaseIterable {
    case zero
    case minimum = "sigma_min"
  }

  package var betaSchedule = BetaSchedule.scaledLinear
  package var betaStart = 0.00085
  package var betaEnd = 0.012
  package var trainTimesteps = 1000
  /// `rescale_betas_zero_snr`: the last timestep is pure noise (Lin et al., 2023, algorithm 1).
  package var rescaleZeroSNR = false
  /// `timestep_spacing`, the model's own; a schedule named in the request comes before it. Nil if the model does not
  /// say: then each sampler has its own, as in diffusers.
  package var spacing: TimestepSpacing? = .leading
  /// `steps_offset`, added to the timesteps of `leading`.
  package var stepsOffset = 1
  /// `set_alpha_to_one`: DDIM's last step ends at the clean picture instead of at timestep 0.
  package var setAlphaToOne = false
  package var finalSigma = FinalSigma.zero
  /// `trained_betas`, in place of a `beta_schedule`.
  package var trainedBetas: [Double]?
  package var sigmas: Sigmas?
  /// `sigma_min` and `sigma_max`: where such sigmas begin and end, if not where timesteps do.
  package var smallestSigma: Double?
  package var largestSigma: Double?
  /// `interpolation_type` log_linear: Euler's sigmas are evenly spaced in ln sigma over the whole table.
  package var interpolatesLogSigma = false
  /// `timestep_type` continuous: Euler tells the network ln(sigma) / 4 as the time.
  package var tellsLogSigma = false
  /// `lambda_min_clipped`: noisier timesteps than this ln(alpha / sigma) are left out by DPM-Solvers.
  package var smallestLambda = -Double.infinity
  /// `original_inference_steps`: timesteps that a distilled model was taught.
  package var taughtTimesteps = 50

  package init() {}
}

/// The table of a model's training noise.
package struct TrainingNoise: Sendable {
  package let settings: ScheduleSettings
  /// In which its numbers are kept, and lists of sigmas are computed from them.
  let precision: Precision
  /// From one entry's timestep to the next. The last entry is the last timestep.
  let stride: Int
  /// ᾱ by timestep, decreasing: the share of the clean picture in the variance.
  package let alphaBars: [Double]
  /// `sqrt((1 - ᾱ) / ᾱ)` by timestep, increasing and finite.
  package let sigmas: [Double]
  let logSigmas: [Double]

  var smallest: Double { sigmas[0] }
  var largest: Double { sigmas[sigmas.count - 1] }

  /// diffusers' stand-in for ᾱ = 0 where sigma must be finite (4096 then).
  private static let smallestAlphaBar = 0x1p-24
  /// That of A1111 and ComfyUI (4518.8).
  private static let smallestForeignAlphaBar = 4.8973451890853435e-08
  /// Far above any model; keeps a wrong file from asking for gigabytes.
  private static let largestTable = 100_000

  /// In double precision.
  ///
  /// - Throws: `SamplingError.setting` that names the field.
  package init(_ settings: ScheduleSettings) throws {
    try Self.check(settings)
    var alphaBars: [Double] = []
    alphaBars.reserveCapacity(settings.trainTimesteps)
    var product = 1.0
    for timestep in 0..<settings.trainTimesteps {
      product *= 1 - Self.beta(timestep, settings)
      alphaBars.append(product)
    }
    guard product > .leastNormalMagnitude else {
      throw SamplingError.setting(
        name: "beta_end", value: "\(settings.betaEnd)",
        expected: "less noise over \(settings.trainTimesteps) timesteps")
    }
    if settings.rescaleZeroSNR { Self.rescaleToZeroSNR(&alphaBars) }
    self.settings = settings
    self.alphaBars = alphaBars
    (precision, stride) = (.double, 1)
    sigmas = alphaBars.map { Self.sigma($0, .double) }
    logSigmas = sigmas.map { log($0) }
  }

  /// The same table as a program keeps it: diffusers' rules are computed in double precision; A1111 rounds ᾱ to single
  /// and goes on from there, ComfyUI rounds sigma. A seed's Brownian path depends on the last digits.
  func kept(by system: NameSystem) -> TrainingNoise {
    guard !system.followsDiffusers else { return self }
    let alphaBars = self.alphaBars.map { $0 == 0 ? Self.smallestForeignAlphaBar : $0 }
    switch system {
    case .diffusers, .stability: return self
    case .a1111:
      let rounded = alphaBars.map { Precision.single($0) }
      let sigmas = rounded.map { Self.sigma($0, .single) }
      return TrainingNoise(self, rounded, sigmas, sigmas.map { Precision.single(log($0)) })
    case .comfyui:
      let sigmas = alphaBars.map { Self.sigma($0, .double) }
      return TrainingNoise(
        self, alphaBars, sigmas.map { Precision.single($0) }, sigmas.map { Precision.single(log($0)) })
    }
  }

  /// Some of the timesteps, evenly spaced, of which a distilled model was taught no others.
  func taught(_ count: Int) throws -> TrainingNoise {
    let stride = alphaBars.count / count
    guard stride > 0 else {
      throw SamplingError.setting(
        name: "num_train_timesteps", value: "\(alphaBars.count)",
        expected: "\(count) or more for this sampler")
    }
    func some(_ values: [Double]) -> [Double] {
      (0..<count).map { values[values.count - 1 - (count - 1 - $0) * stride] }
    }
    return TrainingNoise(self, some(alphaBars), some(sigmas), some(logSigmas), stride: stride)
  }

  private init(
    _ other: TrainingNoise, _ alphaBars: [Double], _ sigmas: [Double], _ logSigmas: [Double], stride: Int = 1
  ) {
    (settings, precision, self.stride) = (other.settings, .single, stride)
    (self.alphaBars, self.sigmas, self.logSigmas) = (alphaBars, sigmas, logSigmas)
  }

  private static func sigma(_ alphaBar: Double, _ precision: Precision) -> Double {
    let alphaBar = alphaBar == 0 ? smallestAlphaBar : alphaBar
    return precision(precision(precision(1 - alphaBar) / alphaBar).squareRoot())
  }

  private static func check(_ settings: ScheduleSettings) throws {
    func require(_ holds: Bool, _ name: String, _ value: Any, _ expected: String) throws {
      guard holds else {
        throw SamplingError.setting(name: name, value: "\(value)", expected: expected)
      }
    }
    let count = settings.trainTimesteps
    try require((2...largestTable).contains(count), "num_train_timesteps", count, "2 to \(largestTable)")
    try require(
      settings.betaStart > 0 && settings.betaStart < 1, "beta_start", settings.betaStart, "above 0, below 1")
    try require(
      settings.betaEnd > 0 && settings.betaEnd < 1, "beta_end", settings.betaEnd, "above 0, below 1")
    if let betas = settings.trainedBetas {
      try require(betas.count >= count, "trained_betas", "\(betas.count) numbers", "\(count), one a timestep")
      try require(
        betas.allSatisfy { $0 > 0 && $0 < 1 }, "trained_betas", "a list", "numbers above 0, below 1")
    }
    try require(
      (0..<count).contains(settings.stepsOffset), "steps_offset", settings.stepsOffset,
      "0 to \(count - 1)")
  }

  private static func beta(_ timestep: Int, _ settings: ScheduleSettings) -> Double {
    if let betas = settings.trainedBetas { return betas[timestep] }
    let (start, end) = (settings.betaStart, settings.betaEnd)
    let count = Double(settings.trainTimesteps)
    let part = Double(timestep) / (count - 1)
    switch settings.betaSchedule {
    case .linear:
      return start + part * (end - start)
    case .scaledLinear:
      let root = start.squareRoot() + part * (end.squareRoot() - start.squareRoot())
      return root * root
    case .sigmoid:
      return start + (end - start) / (1 + exp(6 - 12 * part))
    case .squaredCosine, .exponential, .laplace:
      let share = { cleanShare($0, settings.betaSchedule) }
      return min(1 - share(Double(timestep + 1) / count) / share(Double(timestep) / count), 0.999)
    }
  }

  /// diffusers' ᾱ at a share of the way to pure noise, up to a factor.
  private static func cleanShare(_ time: Double, _ schedule: ScheduleSettings.BetaSchedule) -> Double {
    switch schedule {
    case .exponential: return exp(-12 * time)
    case .laplace:
      let logSNR = (time > 0.5 ? 0.5 : -0.5) * log(1 - 2 * abs(0.5 - time) + 1e-6)
      return (exp(logSNR) / (1 + exp(logSNR))).squareRoot()
    default:
      let cosine = cos((time + 0.008) / 1.008 * .pi / 2)
      return cosine * cosine
    }
  }

  /// Moves and stretches `sqrt(ᾱ)` so that the first stays and the last becomes 0.
  private static func rescaleToZeroSNR(_ alphaBars: inout [Double]) {
    let first = alphaBars[0].squareRoot()
    let last = alphaBars[alphaBars.count - 1].squareRoot()
    for index in alphaBars.indices {
      let root = (alphaBars[index].squareRoot() - last) * first / (first - last)
      alphaBars[index] = root * root
    }
  }

  /// Sigma at a possibly fractional timestep: linear in sigma between table entries, as diffusers does.
  package func sigma(at timestep: Double) -> Double {
    let last = sigmas.count - 1
    let clamped = min(max(timestep, 0), Double(last))
    let low = min(Int(clamped), last - 1)
    let part = clamped - Double(low)
    return part == 1 ? sigmas[low + 1] : sigmas[low] + part * (sigmas[low + 1] - sigmas[low])
  }

  /// The fractional timestep of a sigma: linear in ln sigma, clamped to the table.
  package func timestep(ofSigma sigma: Double) -> Double {
    let wanted = log(max(sigma, 1e-10))
    let low = entry(below: sigma)
    let (start, end) = (logSigmas[low], logSigmas[low + 1])
    return timestep(Double(low) + min(max((wanted - start) / (end - start), 0), 1))
  }

  /// The timestep that is the nearest in ln sigma; of two as near, the earlier.
  func nearestTimestep(ofSigma sigma: Double) -> Double {
    let wanted = precision(log(max(sigma, 1e-10)))
    let low = entry(below: sigma)
    // The neighbours too: ln sigma is rounded.
    let near = max(low - 1, 0)...min(low + 2, sigmas.count - 1)
    func distance(_ entry: Int) -> Double { abs(precision(wanted - logSigmas[entry])) }
    return timestep(Double(near.min { distance($0) < distance($1) } ?? low))
  }

  private func timestep(_ place: Double) -> Double { place * Double(stride) + Double(stride - 1) }

  /// The last entry not above, found by halves, but never the last of all.
  private func entry(below sigma: Double) -> Int {
    var (above, bound) = (0, sigmas.count)
    while above < bound {
      let middle = (above + bound) / 2
      if sigmas[middle] > sigma { bound = middle } else { above = middle + 1 }
    }
    return min(max(above - 1, 0), sigmas.count - 2)
  }
}
