/// A named rule that turns a number of steps into noise levels.
package struct Schedule: Named {
  enum Rule: Sendable {
    /// Timesteps of the training table.
    case spacing(TimestepSpacing)
    /// Other sigmas over the range of those that the model's own spacing would visit (of all, for DPM-Solvers).
    /// `rounds`: whether timesteps that must be whole are rounded rather than cut.
    case reshaped(rounds: Bool, @Sendable (_ from: Double, _ to: Double, _ count: Int) -> [Double])
    /// A list of sigmas over the model's whole range, as k-diffusion has them. It ends at 0, which is not listed,
    /// or if it is open at the last listed one.
    case list(isOpen: Bool = false, @Sendable (_ count: Int, _ training: TrainingNoise) -> [Double])
  }

  typealias FlowRule = @Sendable (_ count: Int, _ noise: FlowNoise) -> [Double]

  package let name: String
  /// Its names in other programs.
  package let names: [NameSystem: [String]]
  /// What it means to diffusers.
  let rule: Rule
  /// What it means to A1111; nil for the same as to diffusers.
  var webUIRule: Rule?
  /// What it means to ComfyUI; nil for the same as to A1111.
  var comfyRule: Rule?
  /// The sigmas it means to a flow model, down to the last above 0; nil if it needs a training table.
  var flowRule: FlowRule?

  package static let all: [Schedule] = [
    .leading, .trailing, .linspace, .karras, .exponential, .luLambdas, .polyexponential, .normal, .simple,
    .sgmUniform,
    .ddimUniform, .beta, .klOptimal, .linearQuadratic, .alignYourSteps, .alignYourStepsSDXL,
  ]

  package static let leading = Schedule(name: "leading", names: [:], rule: .spacing(.leading))
  package static let trailing = Schedule(name: "trailing", names: [:], rule: .spacing(.trailing))
  package static let linspace = Schedule(name: "linspace", names: [:], rule: .spacing(.linspace))

  /// What to run if the request names no schedule: the model's own sigmas or spacing, unless the sampler insists on one; by
  /// A1111's rules what "Automatic" means for the sampler, by ComfyUI's the normal one.
  package static func own(
    of settings: ScheduleSettings, for sampler: Sampler, in system: NameSystem = .diffusers
  ) -> Schedule {
    guard system.followsDiffusers else { return system == .a1111 ? sampler.webUISchedule : .normal }
    if let sigmas = settings.sigmas, sampler.takesSigmas { return sigmas.schedule }
    var spacing = settings.spacing ?? sampler.levels.usualSpacing
    if case .solver(let own?, _) = sampler.levels { spacing = own }
    switch spacing {
    case .leading: return .leading
    case .trailing: return .trailing
    case .linspace: return .linspace
    }
  }

  /// The steps of one picture, noisiest first, in the space that the sampler has in the system.
  ///
  /// - Parameter count: number of steps, 1 to the model's number of timesteps.
  /// - Throws: `SamplingError` if `count` is outside or the model's `steps_offset` does not allow it.
  package func steps(
    _ count: Int, of training: TrainingNoise, for sampler: Sampler, in system: NameSystem = .diffusers
  ) throws -> StepList {
    let settings = training.settings
    guard (1...settings.trainTimesteps).contains(count) else {
      throw SamplingError.stepCount(count, trainTimesteps: settings.trainTimesteps)
    }
    guard system.followsDiffusers else {
      return try foreignSteps(count, of: training, for: sampler, in: system)
    }
    let scale = LevelScale(sampler.space(in: system), of: training)
    let chosen = ChosenLevels(count, of: training, scale, sampler.levels)
    switch rule {
    case .spacing(let spacing):
      let steps = try chosen.steps(spacing)
      return StepList(steps: steps, initialScale: initialScale(steps, spacing, scale.space), levels: scale)
    case .reshaped(let rounds, let reshape):
      let steps = try chosen.steps(rounds: rounds, reshape)
      return StepList(
        steps: steps, initialScale: initialScale(steps, chosen.spacing, scale.space), levels: scale)
    case .list(_, let sigmas):
      let steps = scale.steps(sigmas(count, training), end: scale.clean)
      // As ComfyUI has it.
      return StepList(steps: steps, initialScale: steps[0].from.magnitude, levels: scale)
    }
  }

  /// diffusers' `init_noise_sigma`.
  private func initialScale(_ steps: [Step], _ spacing: TimestepSpacing, _ space: NoiseSpace) -> Double {
    guard space == .varianceExploding else { return 1 }
    let largest = steps.lazy.map(\.from.sigma).max() ?? 0
    return spacing == .leading ? (largest * largest + 1).squareRoot() : largest
  }
}

extension LevelScale {
  /// Steps along a list of sigmas (over alpha) to an end.
  func steps(_ ratios: [Double], end: NoiseLevel) -> [Step] {
    steps(ratios.map(level(ratio:)), end: end)
  }

  func steps(_ levels: [NoiseLevel], end: NoiseLevel) -> [Step] {
    zip(levels, levels.dropFirst() + [end]).map(Step.init(from:to:))
  }
}
