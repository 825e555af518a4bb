import Glibc
import Pictures

extension PictureDistance {
  /// Structural similarity of the pictures' luma, its mean over all places of an 11x11 Gaussian window of
  /// sigma 1.5 that lie within the picture: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from
  /// error visibility to structural similarity", 2004, with its K1 = 0.01 and K2 = 0.03.
  /// - Returns: 1 for equal pictures, less for others, never below -1.
  /// - Throws: `ComparisonError.sizes` unless both are of one size, at least 11 pixels on each side.
  package static func ssim(_ picture: Picture, _ other: Picture) throws -> Double {
    guard picture.width == other.width, picture.height == other.height,
      min(picture.width, picture.height) >= GaussianWindow.size
    else {
      throw ComparisonError.sizes(
        width: picture.width, height: picture.height, otherWidth: other.width, otherHeight: other.height,
        smallestSide: GaussianWindow.size)
    }
    // Of the rows filtered along x only as many are kept as a window is high.
    var rows: [[Moments]] = []
    var sum = 0.0
    for row in 0..<picture.height {
      let filtered = filteredRow(row, picture, other)
      if rows.count < GaussianWindow.size {
        rows.append(filtered)
      } else {
        rows[row % GaussianWindow.size] = filtered
      }
      guard rows.count == GaussianWindow.size else { continue }
      for column in filtered.indices {
        var moments = Moments()
        for (tap, weight) in GaussianWindow.weights.enumerated() {
          moments.add(rows[(row + 1 + tap) % GaussianWindow.size][column], weight)
        }
        sum += moments.similarity
      }
    }
    let places = (picture.width - GaussianWindow.size + 1) * (picture.height - GaussianWindow.size + 1)
    return max(-1, min(1, sum / Double(places)))
  }

  private static func filteredRow(_ row: Int, _ picture: Picture, _ other: Picture) -> [Moments] {
    let points = (0..<picture.width).map { column in
      let start = 3 * (row * picture.width + column)
      return Moments(luma(picture.pixels, start), luma(other.pixels, start))
    }
    return (0...(points.count - GaussianWindow.size)).map { start in
      var moments = Moments()
      for (tap, weight) in GaussianWindow.weights.enumerated() { moments.add(points[start + tap], weight) }
      return moments
    }
  }

  /// Y' of ITU-R BT.601, 0 to 255, not rounded.
  private static func luma(_ pixels: [UInt8], _ start: Int) -> Double {
    0.299 * Double(pixels[start]) + 0.587 * Double(pixels[start + 1]) + 0.114 * Double(pixels[start + 2])
  }
}

enum GaussianWindow {
  static let size = 11

  static let weights: [Double] = {
    let bell = (0..<size).map { exp(-Double(($0 - size / 2) * ($0 - size / 2)) / (2 * 1.5 * 1.5)) }
    let sum = bell.reduce(0, +)
    return bell.map { $0 / sum }
  }()
}

/// Weighted means of two signals x and y, of their squares and of their product.
private struct Moments {
  var x = 0.0
  var y = 0.0
  var xx = 0.0
  var yy = 0.0
  var xy = 0.0

  init() {}

  init(_ x: Double, _ y: Double) { (self.x, self.y, xx, yy, xy) = (x, y, x * x, y * y, x * y) }

  mutating func add(_ other: Moments, _ weight: Double) {
    x += weight * other.x
    y += weight * other.y
    xx += weight * other.xx
    yy += weight * other.yy
    xy += weight * other.xy
  }

  /// The paper's equation 13.
  var similarity: Double {
    let c1 = 0.01 * 255 * 0.01 * 255
    let c2 = 0.03 * 255 * 0.03 * 255
    let covariance = xy - x * y
    // Each in its own brackets, so that the rounding does not depend on which picture comes first.
    let variances = (xx - x * x) + (yy - y * y)
    return (2 * x * y + c1) * (2 * covariance + c2) / ((x * x + y * y + c1) * (variances + c2))
  }
}
