import Families
import Foundation
import Sampling

/// What the autoencoder makes of a picture: a normal distribution for each value of its latents.
package struct Posterior {
  /// Of one picture, not scaled yet.
  let means: [Float]
  let logVariances: [Float]
  private let space: LatentSpace
  private let size: LatentSize

  /// - Parameter moments: means, then logarithms of variances.
  init(moments: [Float], _ space: LatentSpace, _ size: LatentSize) {
    means = Array(moments[..<(moments.count / 2)])
    logVariances = Array(moments[(moments.count / 2)...])
    (self.space, self.size) = (space, size)
  }

  /// The latents that most likely decode to the picture.
  package func mode(batch: Int = 1) -> Latents { latents(batch: batch) { _ in 0 } }

  /// Latents drawn for each picture of a batch: mean + exp(logvar / 2) n, with the logarithm kept within -30...20
  /// (diffusers' DiagonalGaussianDistribution).
  package func sample(batch: Int, _ noise: inout any NoiseSource) -> Latents {
    var draws = latents(batch: batch) { _ in 0 }
    noise.fillAlike(&draws)
    return latents(batch: batch) { index in
      let spread = exp(0.5 * min(max(logVariances[index % means.count], -30), 20))
      return spread * Float(draws.values[index])
    }
  }

  private func latents(batch: Int, adding change: (Int) -> Float) -> Latents {
    var latents = Latents(batch: batch, channels: space.channels, height: size.height, width: size.width)
    for index in latents.values.indices {
      latents.values[index] = Double(
        (means[index % means.count] + change(index) - space.shift) * space.scale)
    }
    return latents
  }
}
