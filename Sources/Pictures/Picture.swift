/// A picture of 8-bit RGB values in sRGB.
package struct Picture: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// `[height, width, 3]`, rows from the top, without padding.
  package let pixels: [UInt8]

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture of \(width)x\(height)")
    precondition(
      pixels.count == width * height * 3, "\(pixels.count) bytes for \(width)x\(height) pixels")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Rounds what the VAE decodes to 8 bits as diffusers does: x/2 + 0.5, cut to 0...1, times 255, ties
  /// to even.
  /// - Parameter decoded: `[height, width, 3]`, black at -1 and white at 1.
  /// - Throws: `PictureError.notFinite` if any value is NaN or infinite: such a picture would be black
  ///   or random, and the fault lies in the network or its precision.
  package init(decoded: Span<Float>, width: Int, height: Int) throws {
    precondition(
      decoded.count == width * height * 3, "\(decoded.count) values for \(width)x\(height) pixels")
    let pixels = [UInt8](unsafeUninitializedCapacity: decoded.count) { bytes, count in
      for i in 0..<decoded.count {
        let value = decoded[i]
        let unit = value.isFinite ? max(0, min(1, value / 2 + 0.5)) : 0
        bytes.initializeElement(at: i, to: UInt8((unit * 255).rounded(.toNearestOrEven)))
      }
      count = decoded.count
    }
    try self.init(
      rounded: pixels, notFinite: decoded.indices.filter { !decoded[$0].isFinite }, width: width,
      height: height)
  }

  /// - Parameter notFinite: places of values that were NaN or infinite before they were rounded.
  /// - Throws: `PictureError.notFinite` if there is one.
  package init(rounded pixels: [UInt8], notFinite: [Int], width: Int, height: Int) throws {
    if let first = notFinite.first {
      throw PictureError.notFinite(
        count: notFinite.count, of: pixels.count, row: first / (width * 3), column: first / 3 % width,
        channel: first % 3)
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// With black as white, and white as black.
  package var inverted: Picture { Picture(width: width, height: height, pixels: pixels.map { 255 - $0 }) }

  /// What the VAE encodes, the other way round than `init(decoded:)`: `[height, width, 3]`, black at -1 and white
  /// at 1.
  package var encodable: [Float] { pixels.map { 2 * (Float($0) / 255) - 1 } }
}
