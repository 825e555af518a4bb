/// Schedules of flow-matching models, whose level is sigma alone: `x = (1 - sigma) * clean + sigma * noise`.
package enum FlowSchedule {
  /// The levels of diffusers' `FlowMatchEulerDiscreteScheduler`, ComfyUI and Stability's reference: evenly spaced
  /// from 1 to the first training level, then moved towards the noise by
  /// `shift * s / (1 + (shift - 1) * s)` (Esser et al., 2024, equation 23). The network is told 1000 sigma.
  ///
  /// - Throws: `SamplingError` for no steps or a shift that is not above 0.
  package static func steps(_ count: Int, shift: Double) throws -> StepList {
    guard count > 0 else { throw SamplingError.stepCount(count, trainTimesteps: 1000) }
    guard shift > 0, shift.isFinite else {
      throw SamplingError.setting(name: "shift", value: "\(shift)", expected: "a finite number above 0")
    }
    func shifted(_ sigma: Double) -> Double { shift * sigma / (1 + (shift - 1) * sigma) }
    let last = shifted(0.001)
    let levels = (0..<count).map { index in
      let share = count > 1 ? Double(index) / Double(count - 1) : 0
      let sigma = shifted(1 + share * (last - 1))
      return NoiseLevel(timestep: 1000 * sigma, alpha: 1 - sigma, sigma: sigma)
    }
    let scale = LevelScale(.flow, of: try TrainingNoise(ScheduleSettings()))
    return StepList(steps: scale.steps(levels, end: scale.clean), initialScale: 1, levels: scale)
  }
}
