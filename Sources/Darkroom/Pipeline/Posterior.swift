import Families
import Foundation
import Sampling

/// What the autoencoder makes of a picture: a normal distribution for each value of its latents, or the latents alone.
package struct Posterior {
  /// Of one picture, not scaled yet.
  let means: [Float]
  /// Nil for latents without a distribution.
  let logVariances: [Float]?
  private let space: LatentSpace
  private let size: LatentSize

  /// - Parameter moments: means, then logarithms of variances; or latents.
  init(moments: [Float], _ space: LatentSpace, _ size: LatentSize) {
    let count = space.coding == .variational ? moments.count / 2 : moments.count
    means = Array(moments[..<count])
    logVariances = space.coding == .variational ? Array(moments[count...]) : nil
    (self.space, self.size) = (space, size)
  }

  /// The latents that most likely decode to the picture.
  package func mode(batch: Int = 1) -> Latents { latents(batch: batch) { _ in 0 } }

  /// Latents drawn for each picture of a batch: mean + exp(logvar / 2) n, with the logarithm kept within -30...20
  /// (diffusers' DiagonalGaussianDistribution). Without a distribution nothing is drawn.
  package func sample(batch: Int, _ noise: inout any NoiseSource) -> Latents {
    guard let logVariances else { return mode(batch: batch) }
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
