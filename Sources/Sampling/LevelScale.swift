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
  /// Nil for flow, whose timestep is 1000 sigma.
  private let training: TrainingNoise?
  /// Whether the network is told timesteps of the table alone, the nearest in ln sigma, as ComfyUI does.
  private let isQuantized: Bool
  /// The level with the least noise that the network knows.
  package let cleanest: NoiseLevel

  /// - Parameters:
  ///   - space: any but flow.
  ///   - smallest: noise over signal, in place of that of the training's first timestep.
  package init(
    _ space: NoiseSpace, of training: TrainingNoise, isQuantized: Bool = false, smallest: Double? = nil
  ) {
    precondition(space != .flow, "a flow has no training table")
    self.space = space
    self.training = training
    self.isQuantized = isQuantized
    cleanest = NoiseLevel(timestep: 0, ratio: smallest ?? training.smallest, in: space)
  }

  /// The levels of a flow from its least sigma to 1.
  init(flowFrom smallest: Double) {
    (space, training, isQuantized) = (.flow, nil, false)
    cleanest = NoiseLevel(flowSigma: smallest)
  }

  /// The level with this noise over signal, finite and above 0, with its timestep as k-diffusion interpolates it.
  package func level(ratio: Double) -> NoiseLevel {
    guard let training else { return NoiseLevel(flowSigma: ratio / (1 + ratio)) }
    let timestep =
      isQuantized ? training.nearestTimestep(ofSigma: ratio) : training.timestep(ofSigma: ratio)
    return NoiseLevel(timestep: timestep, ratio: ratio, in: space)
  }

  /// The level with this sigma, above 0 and below the largest that the space has.
  func level(sigma: Double) -> NoiseLevel {
    switch space {
    case .variancePreserving: level(ratio: sigma / (1 - sigma * sigma).squareRoot())
    case .varianceExploding: level(ratio: sigma)
    case .flow: NoiseLevel(flowSigma: sigma)
    }
  }

  /// Where a level lies on a Brownian path: at its noise over signal. In flow, where that has no end, at its sigma, as
  /// in ComfyUI; the limit of more and more steps does not depend on it.
  func pathTime(of level: NoiseLevel) -> Double { space == .flow ? level.sigma : level.ratio }

  /// The level of a whole timestep; of the nearest that the network knows.
  package func level(timestep: Int) -> NoiseLevel {
    guard let training else {
      return NoiseLevel(flowSigma: min(max(Double(timestep) / 1000, cleanest.sigma), 1))
    }
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

  /// A level of a flow model.
  init(flowSigma sigma: Double) {
    self.init(timestep: 1000 * sigma, alpha: 1 - sigma, sigma: sigma)
  }
}
