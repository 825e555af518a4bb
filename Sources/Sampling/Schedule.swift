/// A named rule that turns a number of steps into noise levels.
package struct Schedule: Named, Sendable {
  /// Whose meaning of a name is used: "karras" and "leading" differ between implementations.
  package enum System: Sendable { case diffusers }

  package let name: String
  package let aliases: [String]
  package let system: System
  /// The timesteps to choose; nil for the model's own spacing.
  let spacing: TimestepSpacing?
  /// Replaces the sigmas of the chosen timesteps by others over the same range; nil to keep them.
  let reshape: (@Sendable (_ sigmas: [Double]) -> [Double])?

  package static let all: [Schedule] = [.leading, .trailing, .linspace, .karras]

  package static let leading = Schedule(
    name: "leading", aliases: [], system: .diffusers, spacing: .leading, reshape: nil)
  package static let trailing = Schedule(
    name: "trailing", aliases: [], system: .diffusers, spacing: .trailing, reshape: nil)
  package static let linspace = Schedule(
    name: "linspace", aliases: [], system: .diffusers, spacing: .linspace, reshape: nil)

  /// The schedule of a name or alias in a system, whatever the case of ASCII letters.
  ///
  /// - Throws: `SamplingError.unknownName` with the near names.
  package static func named(_ name: String, in system: System = .diffusers) throws -> Schedule {
    try NameTable.find(name, among: all.filter { $0.system == system }, kind: "schedule")
  }

  /// The model's own spacing, unchanged: what to run if the request names no schedule.
  package static func own(of settings: ScheduleSettings) -> Schedule {
    switch settings.spacing {
    case .leading: .leading
    case .trailing: .trailing
    case .linspace: .linspace
    }
  }

  /// The steps of one picture, noisiest first, in the space that the sampler wants.
  ///
  /// - Parameter count: number of steps, 1 to the model's number of timesteps.
  /// - Throws: `SamplingError` if `count` is outside or the model's `steps_offset` does not allow it.
  package func steps(_ count: Int, of training: TrainingNoise, in space: NoiseSpace) throws -> StepList {
    let settings = training.settings
    guard (1...settings.trainTimesteps).contains(count) else {
      throw SamplingError.stepCount(count, trainTimesteps: settings.trainTimesteps)
    }
    let spacing = self.spacing ?? settings.spacing
    let timesteps = try spacing.timesteps(count, settings)
    let visited: Visited
    if let reshape {
      let sigmas = reshape(timesteps.map(training.sigma(at:)))
      visited = .sigmas(sigmas.map { (training.timestep(ofSigma: $0), $0) })
    } else if space == .variancePreserving {
      visited = .table(timesteps.map { Int($0.rounded(.toNearestOrEven)) })
    } else {
      visited = .sigmas(timesteps.map { ($0, training.sigma(at: $0)) })
    }
    let steps = visited.steps(training, space)
    return StepList(steps: steps, initialScale: initialScale(steps, spacing, space))
  }

  /// diffusers' `init_noise_sigma`.
  private func initialScale(_ steps: [Step], _ spacing: TimestepSpacing, _ space: NoiseSpace) -> Double {
    guard space == .varianceExploding else { return 1 }
    let largest = steps.lazy.map(\.from.sigma).max() ?? 0
    return spacing == .leading ? (largest * largest + 1).squareRoot() : largest
  }
}

/// The levels that a schedule visits, before they are put in a sampler's space.
private enum Visited {
  /// Entries of the training table: a step goes to `t - T div N`, listed or not (DDIM of diffusers).
  case table([Int])
  /// A free list of sigmas with their timesteps: a step goes to the next one.
  case sigmas([(timestep: Double, sigma: Double)])

  func steps(_ training: TrainingNoise, _ space: NoiseSpace) -> [Step] {
    switch self {
    case .table(let timesteps):
      let stride = training.alphaBars.count / timesteps.count
      return timesteps.map { timestep in
        let target = timestep - stride
        return Step(
          from: training.level(at: timestep),
          to: target >= 0 ? training.level(at: target) : training.finalLevel(space))
      }
    case .sigmas(let list):
      let levels = list.map { NoiseLevel(timestep: $0.timestep, sigma: $0.sigma, in: space) }
      return zip(levels, levels.dropFirst() + [training.finalLevel(space)]).map(Step.init(from:to:))
    }
  }
}

extension TrainingNoise {
  fileprivate func level(at timestep: Int) -> NoiseLevel {
    let alphaBar = alphaBars[timestep]
    return NoiseLevel(
      timestep: Double(timestep), alpha: alphaBar.squareRoot(), sigma: (1 - alphaBar).squareRoot())
  }

  /// Where the last step ends.
  fileprivate func finalLevel(_ space: NoiseSpace) -> NoiseLevel {
    switch space {
    case .variancePreserving:
      settings.setAlphaToOne ? NoiseLevel(timestep: 0, alpha: 1, sigma: 0) : level(at: 0)
    case .varianceExploding:
      NoiseLevel(timestep: 0, alpha: 1, sigma: settings.finalSigma == .zero ? 0 : sigmas[0])
    }
  }
}

extension NoiseLevel {
  /// - Parameter sigma: in the variance-exploding space, finite.
  fileprivate init(timestep: Double, sigma: Double, in space: NoiseSpace) {
    let alpha = space == .varianceExploding ? 1 : 1 / (sigma * sigma + 1).squareRoot()
    self.init(timestep: timestep, alpha: alpha, sigma: sigma * alpha)
  }
}
