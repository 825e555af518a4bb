/// EXIF in the APP1 segments of JPEG files.
enum JPEGFile {
  private static let prefix = Array("Exif\0\0".utf8)
  /// A segment's length has 16 bits and counts itself.
  private static let longestPart = 0xFFFF - 2 - prefix.count

  /// The most segments that are walked over before the pixels.
  static let mostSegments = 1000

  /// The EXIF block. A long one may stand in several segments, as Pillow and ExifTool read it too.
  static func exif(in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    var reader = ByteReader(file[...], .bigEndian, format: .jpeg)
    _ = try reader.take(2, "start of image")
    var block: [UInt8]?
    for _ in 0...mostSegments {
      guard try reader.uint8("marker") == 0xFF else { throw reader.malformed("a marker") }
      var marker = 0xFF
      while marker == 0xFF { marker = try reader.uint8("marker") }
      // From the start of a scan on there are only pixels, or the end.
      if marker == 0xDA || marker == 0xD9 { return block?[...] }
      let standsAlone = marker == 0x01 || (0xD0...0xD8).contains(marker)
      guard !standsAlone else { continue }
      let segment = try reader.take(try reader.uint16("segment length") - 2, "segment")
      guard marker == 0xE1, segment.starts(with: prefix) else { continue }
      block = (block ?? []) + segment.dropFirst(prefix.count)
    }
    throw reader.malformed("at most \(mostSegments) segments")
  }

  static func inserting(exif: [UInt8], into file: [UInt8]) -> [UInt8] {
    // libjpeg begins with the start of image and 16 bytes of JFIF header, which must come first.
    let start = 2 + 2 + 16
    precondition(file.count > start && file[3] == 0xE0, "not one of our JPEG files")
    var result = Array(file[..<start])
    var rest = exif[...]
    while !rest.isEmpty {
      let part = rest.prefix(longestPart)
      rest = rest.dropFirst(part.count)
      result += [0xFF, 0xE1]
      result.appendBigEndian(UInt16(2 + prefix.count + part.count))
      result += prefix + part
    }
    return result + file[start...]
  }
}
