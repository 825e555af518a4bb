/// How a sampler wants its levels scaled. The pictures are the same but for a factor.
package enum NoiseSpace: Sendable, Equatable {
  /// `alpha = sqrt(ᾱ)`, `sigma = sqrt(1 - ᾱ)`: latents keep their variance (DDIM, DPM-Solver).
  case variancePreserving
  /// `alpha = 1`, `sigma = sqrt((1 - ᾱ) / ᾱ)`: noise is added on top (Euler and its family).
  case varianceExploding
  /// `alpha = 1 - sigma`: the straight line from picture to noise (flow matching).
  case flow
}

/// All noise levels of a model in one space: samplers of higher order look at the picture between two steps of
/// their list, some go beyond it.
package struct LevelScale: Sendable {
  package let space: NoiseSpace
  package let training: TrainingNoise
  /// Whether the network is told timesteps of the table alone, the nearest in ln sigma, as ComfyUI does.
  private let isQuantized: Bool
  /// The least noise that the network knows, over signal: that of the first timestep.
  private let smallest: Double

  /// - Parameter smallest: in place of the training's own least noise.
  package init(
    _ space: NoiseSpace, of training: TrainingNoise, isQuantized: Bool = false, smallest: Double? = nil
  ) {
    self.space = space
    self.training = training
    self.isQuantized = isQuantized
    self.smallest = smallest ?? training.sigmas[0]
  }

  /// The level with this noise over signal, finite and above 0, with its timestep as k-diffusion interpolates it.
  package func level(ratio: Double) -> NoiseLevel {
    let timestep =
      space == .flow
      ? 1000 * ratio / (1 + ratio)
      : isQuantized ? training.nearestTimestep(ofSigma: ratio) : training.timestep(ofSigma: ratio)
    return NoiseLevel(timestep: timestep, ratio: ratio, in: space)
  }

  /// The level of a timestep of the training table.
  package func level(timestep: Int) -> NoiseLevel {
    let last = training.alphaBars.count - 1
    let entry = min(max(timestep, 0), last)
    guard space == .variancePreserving else {
      return NoiseLevel(timestep: Double(entry), ratio: training.sigmas[entry], in: space)
    }
    let alphaBar = training.alphaBars[entry]
    return NoiseLevel(
      timestep: Double(entry), alpha: alphaBar.squareRoot(), sigma: (1 - alphaBar).squareRoot())
  }

  /// A picture without noise.
  package var clean: NoiseLevel { NoiseLevel(timestep: 0, alpha: 1, sigma: 0) }
  /// The level with the least noise that the network knows.
  package var cleanest: NoiseLevel { NoiseLevel(timestep: 0, ratio: smallest, in: space) }
}

extension NoiseLevel {
  /// - Parameter ratio: sigma over alpha, finite.
  init(timestep: Double, ratio: Double, in space: NoiseSpace) {
    let alpha: Double
    switch space {
    case .variancePreserving: alpha = 1 / (ratio * ratio + 1).squareRoot()
    case .varianceExploding: alpha = 1
    case .flow: alpha = 1 / (1 + ratio)
    }
    self.init(timestep: timestep, alpha: alpha, sigma: ratio * alpha)
  }
}
