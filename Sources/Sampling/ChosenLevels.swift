import Glibc

/// The levels that diffusers' class of a sampler would step through.
struct ChosenLevels {
  private let count: Int
  private let training: TrainingNoise
  private let scale: LevelScale
  private let rule: LevelRule
  private var settings: ScheduleSettings { training.settings }

  /// - Parameter scale: of that training.
  init(_ count: Int, of training: TrainingNoise, _ scale: LevelScale, _ rule: LevelRule) {
    (self.count, self.training, self.scale, self.rule) = (count, training, scale, rule)
  }

  /// The spacing of the model, else the usual one.
  var spacing: TimestepSpacing { settings.spacing ?? rule.usualSpacing }

  /// Along timesteps of the training table.
  func steps(_ spacing: TimestepSpacing) throws -> [Step] {
    switch rule {
    case .table:
      let stride = settings.trainTimesteps / count
      return try spacing.timesteps(count, settings).map { timestep in
        let timestep = Int(timestep.rounded(.toNearestOrEven))
        let target = timestep - stride
        return Step(
          from: scale.level(timestep: timestep), to: target >= 0 ? scale.level(timestep: target) : end)
      }
    case .listed:
      let levels = try spacing.timesteps(count, settings).map {
        scale.level(timestep: Int($0.rounded(.toNearestOrEven)))
      }
      return scale.steps(levels, end: end)
    case .sigmas, .midpoints:
      let sigmas = try spacedSigmas(spacing)
      let levels = zip(try spacing.timesteps(count, settings), sigmas).map {
        NoiseLevel(timestep: told($0, $1), ratio: $1, in: scale.space)
      }
      let end = sigmas.count > count ? scale.level(ratio: sigmas[count]) : end
      return scale.steps(levels, end: end)
    case .solver:
      let levels = try spacing.solverTimesteps(count, settings, below: lastTimestep).map {
        NoiseLevel(timestep: $0, ratio: training.sigma(at: $0), in: scale.space)
      }
      return scale.steps(levels, end: end)
    case .distilled:
      return scale.steps(try distilledTimesteps().map(scale.level(timestep:)), end: end)
    }
  }

  /// Along other sigmas over the same range.
  /// - Parameter rounds: whether timesteps are rounded, where they are made whole.
  func steps(
    rounds: Bool, _ reshape: (_ from: Double, _ to: Double, _ count: Int) -> [Double]
  ) throws -> [Step] {
    let (from, to) = try range()
    let levels = reshape(from, to, count).map { sigma in
      var level = scale.level(ratio: sigma)
      level.timestep = told(whole(level.timestep, rounds), sigma)
      return level
    }
    // UniPC's list ends where the model asks for it.
    let isOwnEnd = settings.smallestSigma != nil && scale.space == .variancePreserving && end.sigma > 0
    return scale.steps(levels, end: isOwnEnd ? levels[count - 1] : end)
  }

  /// The noisiest and the cleanest sigma.
  private func range() throws -> (Double, Double) {
    let (from, to): (Double, Double)
    switch rule {
    case .solver: (from, to) = (training.largest, training.smallest)
    default:
      let sigmas = try spacedSigmas(spacing)
      (from, to) = (sigmas[0], sigmas[sigmas.count - 1])
    }
    return (settings.largestSigma ?? from, settings.smallestSigma ?? to)
  }

  /// The sigmas of timesteps. Those that are even in ln sigma end with one more, to which the last step goes.
  private func spacedSigmas(_ spacing: TimestepSpacing) throws -> [Double] {
    guard settings.interpolatesLogSigma else {
      return try spacing.timesteps(count, settings).map(training.sigma(at:))
    }
    return Precision.double.spaced(from: log(training.largest), to: log(training.smallest), count + 1).map(
      exp)
  }

  /// The table's end that is not too noisy for DPM-Solvers.
  private var lastTimestep: Int {
    training.sigmas.count { -log($0) >= settings.smallestLambda }
  }

  private func told(_ timestep: Double, _ sigma: Double) -> Double {
    settings.tellsLogSigma ? log(sigma) / 4 : timestep
  }

  /// DPM-Solvers keep whole timesteps, DPM2 rounds.
  private func whole(_ timestep: Double, _ rounds: Bool) -> Double {
    let rounds = rounds && settings.betaSchedule != .squaredCosine
    switch rule {
    case .solver where !rounds:
      // Sigma's way to its timestep and back costs some digits. In diffusers' single precision the noisiest sigma comes
      // out before the last timestep.
      return min((timestep + 1e-9).rounded(.down), Double(settings.trainTimesteps - 2))
    case .solver, .midpoints: return rounds ? timestep.rounded(.toNearestOrEven) : timestep
    default: return timestep
    }
  }

  /// Where the last step ends.
  private var end: NoiseLevel {
    switch rule {
    case .table: settings.setAlphaToOne ? scale.clean : scale.cleanest
    case .listed: scale.clean
    case .distilled(let endsClean): endsClean ? scale.clean : scale.cleanest
    case .sigmas, .midpoints: settings.finalSigma == .zero ? scale.clean : scale.cleanest
    case .solver(_, let final): final ?? settings.finalSigma == .zero ? scale.clean : scale.cleanest
    }
  }

  /// Of the timesteps that were taught, evenly spaced in training, as many as asked for.
  private func distilledTimesteps() throws -> [Int] {
    let taught = settings.taughtTimesteps
    guard count <= taught, settings.trainTimesteps >= taught else {
      throw SamplingError.setting(
        name: "steps", value: "\(count)", expected: "1 to \(taught) with a sampler for distilled models")
    }
    let stride = settings.trainTimesteps / taught
    return (0..<count).map { index in
      let place = Int((Double(index) * (Double(taught) / Double(count))).rounded(.down))
      return (taught - place) * stride - 1
    }
  }
}
