import Glibc

/// How the start noise of a seed is varied: turned towards that of another seed, or laid into the middle of another
/// size, so that a picture changes a little or keeps its composition (A1111's "Extra").
package struct NoiseVariation: Sendable {
  package var seed: UInt64
  /// 0 for the seed's own noise, 1 for that of the other one.
  package var strength: Double
  /// Latent pixels of the noise that is drawn; nil for the latents' own.
  package var size: (height: Int, width: Int)?

  package init(seed: UInt64, strength: Double, size: (height: Int, width: Int)? = nil) {
    (self.seed, self.strength, self.size) = (seed, strength, size)
  }
}

/// The noise of one picture with a variation. Noise on the way is the seed's own.
struct VariationNoise: NoiseSource {
  typealias Shape = (channels: Int, height: Int, width: Int)

  private var own: any NoiseSource
  /// The same from its beginning, which noise of another size is drawn from.
  private let fresh: any NoiseSource
  private let other: any NoiseSource
  private let variation: NoiseVariation
  private let shape: Shape

  init(_ own: any NoiseSource, _ variation: NoiseVariation, other: any NoiseSource, shape: Shape) {
    (self.own, fresh, self.other) = (own, own, other)
    (self.variation, self.shape) = (variation, shape)
  }

  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) {
    own.fill(values)
    var drawn = shape
    if let size = variation.size { (drawn.height, drawn.width) = size }
    let isOwnSize = drawn == shape
    var noise = isOwnSize ? Array(values) : Self.numbers(fresh, drawn)
    if variation.strength > 0 {
      noise = Self.turned(noise, towards: Self.numbers(other, drawn), by: variation.strength, drawn)
    }
    paste(noise, drawn, into: values)
  }

  mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double) {
    own.fill(values, from: from, to: to)
  }

  mutating func fillAlike(_ values: UnsafeMutableBufferPointer<Float>) { own.fillAlike(values) }

  private static func numbers(_ source: any NoiseSource, _ shape: Shape) -> [Float] {
    var (source, numbers) = (
      source, [Float](repeating: 0, count: shape.channels * shape.height * shape.width)
    )
    numbers.withUnsafeMutableBufferPointer { source.fill($0) }
    return numbers
  }

  /// Spherical interpolation, as A1111 has it: of each column of a channel by itself, and along a straight line where the
  /// columns nearly have one direction.
  private static func turned(
    _ noise: [Float], towards other: [Float], by share: Double, _ shape: Shape
  ) -> [Float] {
    var cosines: [Double] = []
    for channel in 0..<shape.channels {
      for column in 0..<shape.width {
        var (dot, own, others) = (0.0, 0.0, 0.0)
        for row in 0..<shape.height {
          let place = (channel * shape.height + row) * shape.width + column
          let (a, b) = (Double(noise[place]), Double(other[place]))
          (dot, own, others) = (dot + a * b, own + a * a, others + b * b)
        }
        cosines.append(max(-1, min(1, dot / (own * others).squareRoot())))
      }
    }
    let isStraight = cosines.reduce(0, +) / Double(cosines.count) > 0.9995
    return noise.indices.map { place in
      let column = place / (shape.height * shape.width) * shape.width + place % shape.width
      let angle = acos(cosines[column])
      // The straight line has the shares the other way round there.
      let (kept, added) =
        isStraight
        ? (share, 1 - share)
        : angle == 0
          ? (1 - share, share) : (sin((1 - share) * angle) / sin(angle), sin(share * angle) / sin(angle))
      return Float(kept * Double(noise[place]) + added * Double(other[place]))
    }
  }

  /// Lays noise of one size into the middle of another one.
  private func paste(_ noise: [Float], _ drawn: Shape, into values: UnsafeMutableBufferPointer<Float>) {
    let (down, right) = ((shape.height - drawn.height) / 2, (shape.width - drawn.width) / 2)
    for channel in 0..<shape.channels {
      for row in 0..<shape.height where (0..<drawn.height).contains(row - down) {
        for column in 0..<shape.width where (0..<drawn.width).contains(column - right) {
          values[(channel * shape.height + row) * shape.width + column] =
            noise[(channel * drawn.height + row - down) * drawn.width + column - right]
        }
      }
    }
  }
}
