/// What a network's output means, with `x = alpha * clean + sigma * noise`.
package enum Prediction: String, Sendable, CaseIterable {
  /// The noise.
  case epsilon
  /// Velocity (Salimans and Ho, 2022): `alpha * noise - sigma * clean`, alpha and sigma scaled to unit variance.
  case velocity = "v_prediction"
  /// The clean picture itself.
  case sample
  /// The straight line from the clean picture to the noise: `noise - clean`, for `alpha = 1 - sigma`.
  case flow = "flow_prediction"

  /// Factor that brings x to the scale the network was trained on.
  package func inputScale(at level: NoiseLevel) -> Double {
    self == .flow ? 1 : 1 / level.magnitude
  }

  /// `input = x * inputScale`: what the network is given, as many floats.
  package func scaleInput(
    _ x: UnsafeBufferPointer<Double>, into input: UnsafeMutableBufferPointer<Float>, at level: NoiseLevel
  ) {
    precondition(x.count == input.count, "\(x.count) numbers into \(input.count)")
    let scale = inputScale(at: level)
    for index in x.indices { input[index] = Float(scale * x[index]) }
  }

  /// Turns the network's output for `x` into the estimate of the clean picture.
  ///
  /// At alpha 0 (zero terminal SNR) velocity gives `-output`; epsilon has no answer, see `check`.
  package func makeClean(
    _ clean: inout Latents, output: UnsafeBufferPointer<Float>, from x: Latents, at level: NoiseLevel
  ) {
    precondition(clean.hasSameShape(as: x), "clean latents of \(clean.shape) for latents of \(x.shape)")
    precondition(output.count == x.count, "\(output.count) floats for \(x.count) numbers")
    let (ofX, ofOutput) = cleanFactors(at: level)
    clean.values.withUnsafeMutableBufferPointer { clean in
      x.values.withUnsafeBufferPointer { x in
        for index in clean.indices { clean[index] = ofX * x[index] + ofOutput * Double(output[index]) }
      }
    }
  }

  /// `clean = ofX * x + ofOutput * output`.
  func cleanFactors(at level: NoiseLevel) -> (ofX: Double, ofOutput: Double) {
    switch self {
    case .epsilon:
      return (1 / level.alpha, -level.sigma / level.alpha)
    case .sample:
      return (0, 1)
    case .velocity:
      let magnitude = level.magnitude
      return (level.alpha / (magnitude * magnitude), -level.sigma / magnitude)
    case .flow:
      return (1, -level.sigma)
    }
  }

  /// Refuses steps from which this prediction cannot be turned into a clean picture. Ask once, before sampling.
  ///
  /// - Throws: `SamplingError.noSignal` for epsilon at pure noise, `SamplingError.level` for levels that are not
  ///   finite or start without noise.
  package func check(_ steps: [Step]) throws {
    for step in steps {
      for level in [step.from, step.to] where !(level.alpha.isFinite && level.sigma.isFinite) {
        throw SamplingError.level(level)
      }
      guard step.from.sigma > 0 else { throw SamplingError.level(step.from) }
      if self == .epsilon && step.from.alpha == 0 {
        throw SamplingError.noSignal(prediction: rawValue, timestep: step.from.timestep)
      }
    }
  }
}
