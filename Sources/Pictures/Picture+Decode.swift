import CPictures

/// What is checked against a picture's header before its pixels are decoded.
package struct PictureLimits: Sendable, Equatable {
  package var pixels: Int
  package var side: Int

  /// 4096 · 4096 pixels, 16,384 a side.
  package init(pixels: Int = 4096 * 4096, side: Int = 16_384) {
    self.pixels = pixels
    self.side = side
  }
}

extension Picture {
  /// Reads a PNG, JPEG or WebP file. Palettes, grey, 16 bits and CMYK become 8-bit RGB; transparency is
  /// laid over white; EXIF orientation is applied; colour profiles are ignored.
  /// - Throws: `PictureError` if the file is of no known format, too large or damaged.
  package static func decode(
    _ contents: [UInt8], limits: PictureLimits = PictureLimits()
  ) throws -> Picture {
    let format = try PictureFormat(contents: contents)
    var pixels = cpictures_pixels()
    let (status, message) = withMessage { message in
      let limits = cpictures_limits(
        side: UInt32(clamping: limits.side), pixels: UInt64(clamping: limits.pixels))
      return contents.withUnsafeBufferPointer { bytes in
        switch format {
        case .png: cpictures_decode_png(bytes.baseAddress, bytes.count, limits, &pixels, message)
        case .jpeg: cpictures_decode_jpeg(bytes.baseAddress, bytes.count, limits, &pixels, message)
        case .webp: cpictures_decode_webp(bytes.baseAddress, bytes.count, limits, &pixels, message)
        }
      }
    }
    let width = Int(pixels.width)
    let height = Int(pixels.height)
    guard status != CPICTURES_TOO_LARGE else {
      throw PictureError.tooLarge(width: width, height: height, limits)
    }
    guard status == CPICTURES_OK else { throw PictureError.decoding(format, reason: message) }
    defer { cpictures_free(pixels.bytes) }
    let count = width * height * Int(pixels.channels)
    let stored = UnsafeBufferPointer(start: pixels.bytes, count: count)
    let picture = Picture(
      width: width, height: height,
      pixels: pixels.channels == 4 ? overWhite(stored) : Array(stored))
    return picture.upright(from: orientation(of: contents, format))
  }

  /// - Throws: `FileError` if the file cannot be read; `PictureError` as above.
  package static func decode(
    file path: String, limits: PictureLimits = PictureLimits()
  ) throws -> Picture {
    try decode(InputFile.read(path), limits: limits)
  }

  private static func overWhite(_ rgba: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: rgba.count / 4 * 3) { rgb, count in
      for i in 0..<(rgba.count / 4) {
        let alpha = Int(rgba[4 * i + 3])
        for c in 0..<3 {
          let mixed = (Int(rgba[4 * i + c]) * alpha + 255 * (255 - alpha) + 127) / 255
          rgb.initializeElement(at: 3 * i + c, to: UInt8(mixed))
        }
      }
      count = rgb.count
    }
  }

  /// Damaged EXIF does not hinder reading the pixels.
  private static func orientation(of contents: [UInt8], _ format: PictureFormat) -> Int {
    let block =
      switch format {
      case .png: try? PNGFile.exif(in: contents)
      case .jpeg: try? JPEGFile.exif(in: contents)
      case .webp: try? WebPFile.exif(in: contents)
      }
    guard let block else { return 1 }
    return (try? Exif(block, format: format).orientation) ?? 1
  }

  /// Turns and mirrors a picture stored with an EXIF orientation of 1 to 8.
  func upright(from orientation: Int) -> Picture {
    guard (2...8).contains(orientation) else { return self }
    let transposed = orientation >= 5
    // Whether the stored columns or rows run backwards.
    let backwards = [2, 3, 7, 8].contains(orientation)
    let upwards = [3, 4, 6, 7].contains(orientation)
    let newWidth = transposed ? height : width
    let newHeight = transposed ? width : height
    var turned: [UInt8] = []
    turned.reserveCapacity(pixels.count)
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let (column, row) = transposed ? (y, x) : (x, y)
        let from =
          3
          * ((upwards ? height - 1 - row : row) * width
            + (backwards ? width - 1 - column : column))
        turned.append(pixels[from])
        turned.append(pixels[from + 1])
        turned.append(pixels[from + 2])
      }
    }
    return Picture(width: newWidth, height: newHeight, pixels: turned)
  }
}
