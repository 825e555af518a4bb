import Glibc

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

  /// Noise over signal, sigma / alpha: the sigma of the variance-exploding space, whatever the space.
  package var ratio: Double { sigma / alpha }
  /// Half the logarithm of the signal-to-noise ratio, ln(alpha / sigma): the time of exponential integrators.
  /// Infinite for a clean picture.
  package var lambda: Double { log(alpha / sigma) }
  /// Standard deviation of x for clean pictures of unit variance.
  var magnitude: Double { (alpha * alpha + sigma * sigma).squareRoot() }
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
