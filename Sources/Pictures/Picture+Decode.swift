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
  /// Reads a PNG, JPEG or WebP file as 8-bit sRGB.
  ///
  /// - Colours go through the file's ICC profile, relative to white and with black point compensation: what sRGB can
  ///   show stays the same colour, the rest becomes the nearest, white is white and the darkest black black. That is
  ///   right for matrices and tables alike, and perceptual tables differ from maker to maker.
  /// - A profile that says sRGB within a level leaves values as they are. One that is damaged, larger than
  ///   `PictureMetadata.longestBlock` or of another kind of pixels is ignored.
  /// - Without a profile, values are taken as sRGB, grey as equal red, green and blue, and CMYK as inks that each let
  ///   the rest of the light pass. PNG's gAMA, cHRM and cICP do not count; programs wrote the first two wrongly for years.
  /// - 16 bits are rounded to 8 after the profile. Transparency is laid over white. EXIF's orientation is applied.
  ///
  /// - Throws: `PictureError` if the file is of no known format, too large or damaged.
  package static func decode(
    _ contents: [UInt8], limits: PictureLimits = PictureLimits()
  ) throws -> Picture {
    try decodeWithProfile(contents, limits: limits).picture
  }

  /// The picture, and what became of its colour profile.
  package static func decodeWithProfile(
    _ contents: [UInt8], limits: PictureLimits = PictureLimits()
  ) throws -> (picture: Picture, profile: ProfileUse) {
    try decodeSRGB(contents, limits) { $1 ? overWhite($0) : Array($0) }
  }

  /// How transparent each pixel of a file is: white where it is so wholly, black everywhere without an alpha channel.
  /// - Throws: as `decode`.
  package static func transparency(
    of contents: [UInt8], limits: PictureLimits = PictureLimits()
  ) throws -> Picture {
    try decodeSRGB(contents, limits) { bytes, hasAlpha in
      guard hasAlpha else { return [UInt8](repeating: 0, count: bytes.count) }
      return stride(from: 3, to: bytes.count, by: 4).flatMap { alpha -> [UInt8] in
        let share = 255 - bytes[alpha]
        return [share, share, share]
      }
    }.picture
  }

  /// - Parameter rgb: makes 8-bit RGB of 8-bit RGB or RGBA.
  private static func decodeSRGB(
    _ contents: [UInt8], _ limits: PictureLimits,
    _ rgb: (_ stored: UnsafeBufferPointer<UInt8>, _ hasAlpha: Bool) -> [UInt8]
  ) throws -> (picture: Picture, profile: ProfileUse) {
    let format = try PictureFormat(contents: contents)
    let beside = try BesidePixels(of: contents, format)
    var pixels = try decodePixels(contents, format, limits)
    defer { cpictures_free(pixels.bytes) }
    let (width, height) = (Int(pixels.width), Int(pixels.height))
    var use = CPICTURES_PROFILE_NONE
    let (status, message) = withMessage {
      cpictures_to_srgb(&pixels, beside.profile, beside.profile.count, &use, $0)
    }
    guard status == CPICTURES_OK else { throw PictureError.decoding(format, reason: message) }
    let stored = UnsafeBufferPointer(start: pixels.bytes, count: width * height * (pixels.alpha ? 4 : 3))
    let picture = Picture(width: width, height: height, pixels: rgb(stored, pixels.alpha))
    return (
      picture.upright(from: beside.orientation), beside.profileIsDamaged ? .unfit : ProfileUse(use)
    )
  }

  /// Pixels as the file holds them, to be given back with `cpictures_free`.
  private static func decodePixels(
    _ contents: [UInt8], _ format: PictureFormat, _ limits: PictureLimits
  ) throws -> cpictures_pixels {
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
    guard status != CPICTURES_TOO_LARGE else {
      throw PictureError.tooLarge(width: Int(pixels.width), height: Int(pixels.height), limits)
    }
    guard status == CPICTURES_OK else { throw PictureError.decoding(format, reason: message) }
    return pixels
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
