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
    var finite = true
    let pixels = [UInt8](unsafeUninitializedCapacity: decoded.count) { bytes, count in
      for i in 0..<decoded.count {
        let value = decoded[i]
        finite = finite && value.isFinite
        let unit = value.isFinite ? max(0, min(1, value / 2 + 0.5)) : 0
        bytes.initializeElement(at: i, to: UInt8((unit * 255).rounded(.toNearestOrEven)))
      }
      count = decoded.count
    }
    guard finite else { throw Self.notFinite(decoded, width: width) }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// What the VAE encodes, the other way round than `init(decoded:)`: `[height, width, 3]`, black at -1 and white
  /// at 1.
  package var encodable: [Float] { pixels.map { 2 * (Float($0) / 255) - 1 } }

  private static func notFinite(_ decoded: Span<Float>, width: Int) -> PictureError {
    let places = decoded.indices.filter { !decoded[$0].isFinite }
    let first = places.first ?? 0
    return .notFinite(
      count: places.count, of: decoded.count, row: first / (width * 3),
      column: first / 3 % width, channel: first % 3)
  }
}
