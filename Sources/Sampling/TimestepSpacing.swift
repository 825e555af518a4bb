/// Which of the training timesteps are visited, noisiest first: `timestep_spacing` of diffusers, after table 2 of
/// Lin et al., "Common Diffusion Noise Schedules and Sample Steps are Flawed" (2023).
package enum TimestepSpacing: String, Sendable, CaseIterable {
  /// Multiples of `T div N`, plus `steps_offset`: never reaches the noisiest timestep.
  case leading
  /// Starts at `T - 1`.
  case trailing
  /// From `T - 1` to 0, both included; may be fractional.
  case linspace

  /// - Parameter steps: 1...`trainTimesteps`, checked by the caller.
  func timesteps(_ steps: Int, _ settings: ScheduleSettings) throws -> [Double] {
    let count = settings.trainTimesteps
    switch self {
    case .leading:
      let ratio = count / steps
      let first = (steps - 1) * ratio + settings.stepsOffset
      guard first < count else {
        throw SamplingError.timestepBeyondTable(
          Double(first), last: count - 1, stepsOffset: settings.stepsOffset)
      }
      return (0..<steps).map { Double(first - $0 * ratio) }
    case .trailing:
      // numpy.arange's own rounding of the stride: it decides which way the halves fall.
      let stride = (Double(count) - Double(count) / Double(steps)) - Double(count)
      return (0..<steps).map {
        (Double(count) + Double($0) * stride).rounded(.toNearestOrEven) - 1
      }
    case .linspace:
      // One step sits at timestep 0, as numpy.linspace has it.
      guard steps > 1 else { return [0] }
      let stride = Double(count - 1) / Double(steps - 1)
      return (0..<steps).map { $0 == 0 ? Double(count - 1) : Double(steps - 1 - $0) * stride }
    }
  }

  /// The timesteps of diffusers' DPM-Solvers, which count one more and leave the last one out.
  /// - Parameter count: how many of the table they may visit.
  func solverTimesteps(_ steps: Int, _ settings: ScheduleSettings, below count: Int) throws -> [Double] {
    switch self {
    case .leading:
      let ratio = count / (steps + 1)
      let first = steps * ratio + settings.stepsOffset
      guard ratio > 0, first < count else {
        throw SamplingError.timestepBeyondTable(
          Double(first), last: count - 1, stepsOffset: settings.stepsOffset)
      }
      return (0..<steps).map { Double(first - $0 * ratio) }
    case .trailing:
      let stride = Double(settings.trainTimesteps) / Double(steps)
      guard count < settings.trainTimesteps else { return try timesteps(steps, settings) }
      return (0..<Int((Double(count) / stride).rounded(.up))).map {
        (Double(count) - Double($0) * stride).rounded(.toNearestOrEven) - 1
      }
    case .linspace:
      let stride = Double(count - 1) / Double(steps)
      let rounded = (0..<steps).map { (Double(steps - $0) * stride).rounded(.toNearestOrEven) }
      // As many steps as timesteps would visit one twice.
      return rounded.indices.filter { $0 == 0 || rounded[$0] != rounded[$0 - 1] }.map { rounded[$0] }
    }
  }
}
