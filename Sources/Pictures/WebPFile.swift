/// Chunks of WebP files beside the pixels: EXIF and the colour profile (RFC 9649).
enum WebPFile {
  static func exif(in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    // Some writers keep the prefix that only JPEG needs.
    try chunk("EXIF", in: file).map { $0.starts(with: "Exif\0\0".utf8) ? $0.dropFirst(6) : $0 }
  }

  static func profile(in file: [UInt8]) throws -> [UInt8]? {
    try chunk("ICCP", in: file).map { Array($0) }
  }

  /// The first chunk of a type.
  private static func chunk(_ wanted: String, in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    var header = ByteReader(file[...], .littleEndian, format: .webp)
    _ = try header.take(4, "RIFF")
    let size = try header.uint32("file size")
    let body = try header.take(size, "RIFF chunk")
    var reader = ByteReader(body, .littleEndian, format: .webp)
    _ = try reader.take(4, "WEBP")
    while reader.left > 0 {
      let type = try reader.take(4, "chunk type")
      let length = try reader.uint32("chunk length")
      let chunk = try reader.take(length, "chunk")
      if type.elementsEqual(wanted.utf8) { return chunk }
      if length % 2 == 1, reader.left > 0 { _ = try reader.take(1, "padding") }
    }
    return nil
  }

  static func inserting(
    exif: [UInt8], into file: [UInt8], width: Int, height: Int
  ) throws -> [UInt8] {
    precondition(file.count > 12, "not one of our WebP files")
    let image = file[12...]  // one chunk, `VP8 ` or `VP8L`, already padded
    var body = Array("WEBPVP8X".utf8)
    body.appendLittleEndian(UInt32(10))
    body.appendLittleEndian(UInt32(0x08))  // has EXIF; no alpha, profile or animation
    body += extent(width) + extent(height)
    body += image
    body += "EXIF".utf8
    body.appendLittleEndian(UInt32(exif.count))
    body += exif
    if exif.count % 2 == 1 { body.append(0) }
    guard let size = UInt32(exactly: body.count) else {
      throw PictureError.encoding(.webp, reason: "the file would exceed 4 GB")
    }
    var result = Array("RIFF".utf8)
    result.appendLittleEndian(size)
    return result + body
  }

  /// 24 bits, one less than the extent.
  private static func extent(_ pixels: Int) -> [UInt8] {
    (0..<3).map { UInt8(truncatingIfNeeded: (pixels - 1) >> (8 * $0)) }
  }
}
