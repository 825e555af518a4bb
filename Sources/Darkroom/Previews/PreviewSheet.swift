import Pictures

/// Previews of pictures that are sampled together, side by side, the first on the left.
public struct PreviewSheet: Sendable {
  private let previews: [Picture]
  /// Of one picture, enlarged.
  private let shownWidth: Int
  private let shownHeight: Int

  /// - Parameter previews: at least one, all of the same step and size.
  public init(_ previews: [GenerationPreview]) {
    precondition(!previews.isEmpty, "a sheet of no previews")
    self.previews = previews.map { Picture(width: $0.width, height: $0.height, pixels: $0.pixels) }
    let (width, height) = (previews[0].pictureWidth, previews[0].pictureHeight)
    let longer = max(width, height)
    let scale = Double(min(512, max(256, longer))) / Double(longer)
    shownWidth = max(1, Int((Double(width) * scale).rounded()))
    shownHeight = max(1, Int((Double(height) * scale).rounded()))
  }

  /// A finished picture as it is.
  package init(_ picture: GeneratedPicture) {
    previews = [picture.picture]
    (shownWidth, shownHeight) = (picture.width, picture.height)
  }

  /// Latent pixels of all previews together; pixels of a finished picture.
  public var width: Int { previews.reduce(0) { $0 + $1.width } }
  public var height: Int { previews[0].height }

  /// 8-bit RGB, `[height, width, 3]`: each preview by Lanczos to its share of the width, which is rounded down.
  /// - Parameters:
  ///   - width: pixels, at least one a preview.
  ///   - height: pixels, at least one.
  /// - Returns: the pixels, and the width that they have.
  public func resized(width: Int, height: Int) -> (pixels: [UInt8], width: Int) {
    let sheet = sheet(width: max(1, width / previews.count), height: max(1, height))
    return (sheet.pixels, sheet.width)
  }

  /// The sheet as a PNG file, one pixel a latent pixel.
  /// - Throws: `DarkroomError` of kind `output`.
  public func png() throws -> [UInt8] {
    do {
      return try sheet(width: previews[0].width, height: height).encoded(as: .png)
    } catch {
      throw DarkroomError(.output, "\(error)")
    }
  }

  /// Writes the sheet, whole or not at all: PNG, JPEG or WebP by the path's ending. Previews are enlarged by Lanczos to
  /// the shape of the finished picture, and to its size if its longer side is 256 to 512 pixels, else to the nearer of
  /// the two: less is hard to see, and there is nothing to see in more.
  /// - Throws: `DarkroomError` of kind `output`.
  public func write(to path: String) throws {
    do {
      try sheet(width: shownWidth, height: shownHeight).write(to: path)
    } catch {
      throw DarkroomError(.output, "\(error)")
    }
  }

  /// Each preview at this size.
  private func sheet(width: Int, height: Int) -> Picture {
    let parts = previews.map { $0.resized(width: width, height: height) }
    guard parts.count > 1 else { return parts[0] }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height * parts.count)
    for row in 0..<height {
      for part in parts { pixels += part.pixels[3 * width * row..<3 * width * (row + 1)] }
    }
    return Picture(width: width * parts.count, height: height, pixels: pixels)
  }
}
