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
  /// `timestep_spacing`, the model's own; a schedule named in the request comes before it.
  package var spacing = TimestepSpacing.leading
  /// `steps_offset`, added to the timesteps of `leading`.
  package var stepsOffset = 1
  /// `set_alpha_to_one`: DDIM's last step ends at the clean picture instead of at timestep 0.
  package var setAlphaToOne = false
  package var finalSigma = FinalSigma.zero

  package init() {}
}

/// The table of a model's training noise, in double precision.
package struct TrainingNoise: Sendable {
  package let settings: ScheduleSettings
  /// ᾱ by timestep, decreasing: the share of the clean picture in the variance.
  package let alphaBars: [Double]
  /// `sqrt((1 - ᾱ) / ᾱ)` by timestep, increasing and finite.
  package let sigmas: [Double]

  /// diffusers' stand-in for ᾱ = 0 where sigma must be finite (4096 then).
  private static let smallestAlphaBar = 0x1p-24
  /// Far above any model; keeps a wrong file from asking for gigabytes.
  private static let largestTable = 100_000

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
    self.sigmas = alphaBars.map {
      let alphaBar = $0 == 0 ? Self.smallestAlphaBar : $0
      return ((1 - alphaBar) / alphaBar).squareRoot()
    }
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
    try require(
      (0..<count).contains(settings.stepsOffset), "steps_offset", settings.stepsOffset,
      "0 to \(count - 1)")
  }

  private static func beta(_ timestep: Int, _ settings: ScheduleSettings) -> Double {
    let (start, end) = (settings.betaStart, settings.betaEnd)
    let count = Double(settings.trainTimesteps)
    let part = Double(timestep) / (count - 1)
    switch settings.betaSchedule {
    case .linear:
      return start + part * (end - start)
    case .scaledLinear:
      let root = start.squareRoot() + part * (end.squareRoot() - start.squareRoot())
      return root * root
    case .squaredCosine:
      func share(_ time: Double) -> Double {
        let cosine = cos((time + 0.008) / 1.008 * .pi / 2)
        return cosine * cosine
      }
      return min(1 - share(Double(timestep + 1) / count) / share(Double(timestep) / count), 0.999)
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
    // The first entry above, found by halves.
    var (above, bound) = (0, sigmas.count)
    while above < bound {
      let middle = (above + bound) / 2
      if sigmas[middle] > sigma { bound = middle } else { above = middle + 1 }
    }
    let low = min(max(above - 1, 0), sigmas.count - 2)
    let (start, end) = (log(sigmas[low]), log(sigmas[low + 1]))
    return Double(low) + min(max((wanted - start) / (end - start), 0), 1)
  }
}
