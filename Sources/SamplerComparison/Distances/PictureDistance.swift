import Glibc
import Pictures

/// How far two pictures of 8-bit RGB are apart.
package enum PictureDistance {
  /// What equal pictures are said to have, since JSON knows no infinity; pictures that differ in a few values by
  /// one level would have more and are cut to it.
  package static let highestPSNR = 100.0

  /// Peak signal-to-noise ratio in dB over all values of all channels, the peak being 255.
  /// - Throws: `ComparisonError.sizes`.
  package static func psnr(_ picture: Picture, _ other: Picture) throws -> Double {
    guard picture.width == other.width, picture.height == other.height else {
      throw ComparisonError.sizes(
        width: picture.width, height: picture.height, otherWidth: other.width, otherHeight: other.height,
        smallestSide: 1)
    }
    var sum = 0
    for (value, otherValue) in zip(picture.pixels, other.pixels) {
      let difference = Int(value) - Int(otherValue)
      sum += difference * difference
    }
    guard sum > 0 else { return highestPSNR }
    let mean = Double(sum) / Double(picture.pixels.count)
    return min(highestPSNR, 10 * log10(255 * 255 / mean))
  }
}

/// How far two latents are apart.
package enum LatentDistance {
  /// The root of the mean of squared differences.
  /// - Throws: `ComparisonError.latents` unless both have as many values, and one at least.
  package static func rmse<Value: BinaryFloatingPoint>(_ latents: [Value], _ other: [Value]) throws -> Double
  {
    guard latents.count == other.count, !latents.isEmpty else {
      throw ComparisonError.latents(count: latents.count, otherCount: other.count)
    }
    var sum = 0.0
    for (value, otherValue) in zip(latents, other) {
      let difference = Double(value) - Double(otherValue)
      sum += difference * difference
    }
    return (sum / Double(latents.count)).squareRoot()
  }
}
