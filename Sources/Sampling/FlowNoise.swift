/// The noise of a flow-matching model: `x = (1 - sigma) * clean + sigma * noise`, with sigma from 1 to 0. The network is
/// told 1000 sigma.
struct FlowNoise {
  /// Parts of the way that such models are trained on, and the most steps.
  static let timesteps = 1000
  /// Beyond them the levels of a list are no longer told apart.
  private static let shifts = 0.01...100
  private let shift: Double

  /// - Throws: `SamplingError.setting` for a shift outside 0.01 to 100.
  init(shift: Double) throws {
    guard Self.shifts.contains(shift) else {
      throw SamplingError.setting(
        name: "shift", value: "\(shift)", expected: "\(Self.shifts.lowerBound) to \(Self.shifts.upperBound)")
    }
    self.shift = shift
  }

  /// Sigma at a share of the way from the clean picture to pure noise. A shift above 1 moves all levels towards the noise
  /// (Esser et al., 2024, equation 23).
  func sigma(at time: Double) -> Double {
    // Its rounding must not leave a rest of the picture in pure noise.
    time < 1 ? min(shift * time / (1 + (shift - 1) * time), 1) : 1
  }

  /// The least noise in training.
  var smallest: Double { sigma(at: 1 / Double(Self.timesteps)) }

  /// The levels of diffusers' `FlowMatchEulerDiscreteScheduler`, ComfyUI and Stability's reference: even times from 1 to
  /// the least sigma, which is shifted once more with them.
  func evenSigmas(_ count: Int) -> [Double] {
    let last = smallest
    return (0..<count).map { index in
      let share = count > 1 ? Double(index) / Double(count - 1) : 0
      return sigma(at: 1 + share * (last - 1))
    }
  }

  var scale: LevelScale { LevelScale(flowFrom: smallest) }

  func steps(_ sigmas: [Double]) -> StepList {
    let steps = scale.steps(sigmas.map(NoiseLevel.init(flowSigma:)), end: scale.clean)
    return StepList(steps: steps, initialScale: sigmas[0], levels: scale)
  }
}

extension Schedule {
  /// Sigmas of a flow model, from 1 to the last above 0.
  ///
  /// - Throws: `SamplingError.setting` if this schedule needs a training table.
  func flowSigmas(_ count: Int, _ noise: FlowNoise, in system: NameSystem) throws -> [Double] {
    if let rule = flowRule(in: system) { return rule(count, noise) }
    let known = Schedule.all.filter { $0.flowRule(in: system) != nil }.map(\.name).joined(separator: ", ")
    throw SamplingError.setting(
      name: "schedule", value: name, expected: "one that a flow model has levels for: \(known)")
  }

  private func flowRule(in system: NameSystem) -> FlowRule? {
    if let flowRule { return flowRule }
    // diffusers' class puts other sigmas over the range of its even ones; it has no `use_lu_lambdas`.
    guard system.followsDiffusers, name != Schedule.luLambdas.name, case .reshaped(_, let reshape) = rule
    else { return nil }
    return { count, noise in
      let even = noise.evenSigmas(count)
      return [even[0]] + reshape(even[0], even[count - 1], count).dropFirst()
    }
  }
}
