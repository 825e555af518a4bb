/// How a model was trained to see noise: all that decides the levels that it can be sampled at.
package enum NoiseDescription: Sendable, Equatable {
  /// Over a table of timesteps.
  case diffusion(ScheduleSettings)
  /// Along straight lines from picture to noise. A shift above 1 moves all levels towards the noise.
  case flow(shift: Double)

  /// Where a Brownian path over all of the model's levels begins and ends (`LevelScale.pathTime`): its least and its
  /// largest noise over signal, or a flow's sigma.
  ///
  /// - Throws: `SamplingError.setting` naming a setting that no model has.
  package var range: ClosedRange<Double> {
    get throws {
      switch self {
      case .diffusion(let settings):
        let training = try TrainingNoise(settings)
        return training.smallest...training.largest
      case .flow(let shift):
        return try FlowNoise(shift: shift).smallest...1
      }
    }
  }

  /// Whether a network that was trained with this noise may predict so.
  package func allows(_ prediction: Prediction) -> Bool {
    if case .flow = self { prediction == .flow } else { prediction != .flow }
  }

  /// What to run if the request names no schedule.
  package func ownSchedule(for sampler: Sampler, in system: NameSystem = .diffusers) -> Schedule {
    switch self {
    case .diffusion(let settings): .own(of: settings, for: sampler, in: system)
    case .flow: .normal
    }
  }

  /// The steps of one picture, noisiest first, in the space that the sampler has in the system. Those of a flow are the
  /// same in every system.
  ///
  /// - Parameter count: number of steps, 1 to the model's number of timesteps.
  /// - Throws: `SamplingError` if `count` is outside, or the model's settings, the schedule or the sampler do not allow
  ///   it.
  package func steps(
    _ count: Int, schedule: Schedule, for sampler: Sampler, in system: NameSystem = .diffusers
  ) throws -> StepList {
    switch self {
    case .diffusion(let settings):
      return try schedule.steps(count, of: TrainingNoise(settings), for: sampler, in: system)
    case .flow(let shift):
      let noise = try FlowNoise(shift: shift)
      guard (1...FlowNoise.timesteps).contains(count) else {
        throw SamplingError.stepCount(count, trainTimesteps: FlowNoise.timesteps)
      }
      try Self.checkFlow(sampler)
      return noise.steps(try schedule.flowSigmas(count, noise, in: system))
    }
  }

  /// Steps over all that a model knows, for solutions that others are measured against: Karras' levels, a flow's own.
  /// The network is told the very timesteps, none is rounded.
  ///
  /// - Parameter count: above 0, at will.
  package func fineSteps(_ count: Int, for sampler: Sampler, in system: NameSystem) throws -> StepList {
    precondition(count > 0, "\(count) steps")
    switch self {
    case .diffusion(let settings):
      let training = try TrainingNoise(settings)
      let scale = LevelScale(sampler.space(in: system), of: training)
      let sigmas = Schedule.karras(from: training.largest, to: training.smallest, count)
      let steps = scale.steps(sigmas, end: scale.clean)
      return StepList(steps: steps, initialScale: steps[0].from.magnitude, levels: scale)
    case .flow(let shift):
      try Self.checkFlow(sampler)
      let noise = try FlowNoise(shift: shift)
      return noise.steps(noise.evenSigmas(count))
    }
  }

  private static func checkFlow(_ sampler: Sampler) throws {
    guard sampler.holdsForFlow else {
      let known = Sampler.all.filter(\.holdsForFlow).map(\.name).joined(separator: ", ")
      throw SamplingError.setting(
        name: "sampler", value: sampler.name, expected: "one whose formulas hold for flow models: \(known)")
    }
  }
}
