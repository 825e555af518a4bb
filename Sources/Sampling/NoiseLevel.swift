/// How noisy a picture is: `x = alpha * clean + sigma * noise`.
package struct NoiseLevel: Sendable, Equatable {
  /// The time the network is told, 0 (clean) to `trainTimesteps - 1`; may be fractional.
  package var timestep: Double
  package var alpha: Double
  package var sigma: Double

  package init(timestep: Double, alpha: Double, sigma: Double) {
    self.timestep = timestep
    self.alpha = alpha
    self.sigma = sigma
  }
}

/// One step of a sampler. `to` need not be the next step's `from`: DDIM goes to `t - T / N`.
package struct Step: Sendable, Equatable {
  package var from: NoiseLevel
  package var to: NoiseLevel

  package init(from: NoiseLevel, to: NoiseLevel) {
    self.from = from
    self.to = to
  }
}

/// How a sampler wants its levels scaled. The pictures are the same but for a factor.
package enum NoiseSpace: Sendable, Equatable {
  /// `alpha = sqrt(ᾱ)`, `sigma = sqrt(1 - ᾱ)`: latents keep their variance (DDIM).
  case variancePreserving
  /// `alpha = 1`, `sigma = sqrt((1 - ᾱ) / ᾱ)`: noise is added on top (Euler and its family).
  case varianceExploding
}

/// The steps of one picture, and the factor of the standard normal noise it starts from.
package struct StepList: Sendable, Equatable {
  package var steps: [Step]
  /// Latents start as `initialScale * noise` when there is no picture to start from.
  package var initialScale: Double

  package init(steps: [Step], initialScale: Double) {
    self.steps = steps
    self.initialScale = initialScale
  }

  /// The last `min(floor(N * strength), N)` of the N steps: those that image-to-image runs, as diffusers counts.
  /// The picture then starts at the first kept step's `from` (`Latents.addNoise`).
  ///
  /// - Parameter strength: 0...1; 1 keeps all.
  /// - Throws: `SamplingError` if it is outside, or so small that no step is left.
  package func kept(strength: Double) throws -> StepList {
    guard strength >= 0, strength <= 1 else {
      throw SamplingError.setting(name: "strength", value: "\(strength)", expected: "0 to 1")
    }
    let kept = min(Int((Double(steps.count) * strength).rounded(.down)), steps.count)
    guard kept > 0 else { throw SamplingError.nothingKept(steps: steps.count, strength: strength) }
    return StepList(steps: Array(steps.suffix(kept)), initialScale: initialScale)
  }
}
