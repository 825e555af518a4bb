import Families
import Foundation
import Pictures
import Sampling

/// Which part of a picture is drawn anew: white wholly, grey in part, black not at all.
package struct Mask: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// Of each pixel the share that is drawn anew, 0...1, rows from the top.
  package private(set) var shares: [Float]
  /// Pixels over which the drawn part fades in, within the mask.
  private let fade: Int

  /// - Parameter picture: its brightness is the share (ITU-R BT.601); what is transparent in its file is white.
  package init(_ picture: Picture, grownBy growth: Int = 0, fade: Int = 0) {
    (width, height, self.fade) = (picture.width, picture.height, fade)
    let pixels = picture.pixels
    shares = (0..<picture.width * picture.height).map { index in
      let (red, green, blue) = (pixels[3 * index], pixels[3 * index + 1], pixels[3 * index + 2])
      // Whole numbers, so that white is 1.
      return Float(299 * Int(red) + 587 * Int(green) + 114 * Int(blue)) / 255_000
    }
    if growth > 0 { shares = plane.along { Self.largest($0, within: growth) }.values }
  }

  /// Whether it has an edge that is not to be seen.
  var fadesIn: Bool { fade > 0 }

  /// Nothing is drawn anew.
  package var isBlack: Bool { shares.allSatisfy { $0 == 0 } }

  /// The shares of latents: by diffusers' rules those at the upper left of their pixels, cut at one half; else the mean
  /// of their pixels, which A1111 rounds.
  package func latents(_ size: LatentSize, in system: NameSystem) -> [Double] {
    let (rows, columns) = (height / size.height, width / size.width)
    return (0..<size.height * size.width).map { index in
      let (row, column) = (index / size.width * rows, index % size.width * columns)
      if system.followsDiffusers { return shares[row * width + column] >= 0.5 ? 1 : 0 }
      var sum: Float = 0
      for y in row..<row + rows {
        for x in column..<column + columns { sum += shares[y * width + x] }
      }
      let mean = Double(sum) / Double(rows * columns)
      return system == .a1111 ? mean.rounded(.toNearestOrEven) : mean
    }
  }

  /// A picture's values `[height, width, 3]` with 0, which is grey, where most is drawn anew.
  func hiding(_ values: [Float]) -> [Float] {
    values.indices.map { shares[$0 / 3] >= 0.5 ? 0 : values[$0] }
  }

  /// The masked part of one picture over another one. Outside of the mask pixels stay what they are, to the bit.
  package func composite(_ drawn: Picture, over picture: Picture) -> Picture {
    let shares = fadedShares
    let pixels = picture.pixels.indices.map { index in
      let (share, old, new) = (shares[index / 3], picture.pixels[index], drawn.pixels[index])
      if share <= 0 { return old }
      return UInt8((Float(old) + share * (Float(new) - Float(old))).rounded(.toNearestOrEven))
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// At the mask's edge a blurred mask is one half, inside of it more.
  private var fadedShares: [Float] {
    guard fade > 0 else { return shares }
    let blurred = plane.blurred(deviation: Double(fade) / 2).values
    return zip(shares, blurred).map { share, blurred in
      share == 0 ? 0 : min(share, max(0, min(1, 2 * blurred - 1)))
    }
  }

  private var plane: Plane { Plane(width: width, height: height, values: shares) }

  private static func largest(_ line: [Float], within reach: Int) -> [Float] {
    line.indices.map { line[max(0, $0 - reach)...min(line.count - 1, $0 + reach)].max() ?? 0 }
  }
}
