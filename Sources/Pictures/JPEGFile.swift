/// EXIF and the colour profile in the APP1 and APP2 segments of JPEG files.
enum JPEGFile {
  private static let prefix = Array("Exif\0\0".utf8)
  private static let profilePrefix = Array("ICC_PROFILE\0".utf8)
  /// A segment's length has 16 bits and counts itself.
  private static let longestPart = 0xFFFF - 2 - prefix.count

  /// The most segments that a file may have before the pixels.
  static let mostSegments = 1000

  /// The EXIF block. A long one may stand in several segments, as Pillow and ExifTool read it too.
  static func exif(in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    let parts = try segments(0xE1, prefix, in: file)
    return parts.isEmpty ? nil : Array(parts.joined())[...]
  }

  /// The colour profile. Each of its segments tells its number, from 1 on, and how many there are (ICC.1:2022, B.4).
  static func profile(in file: [UInt8]) throws -> [UInt8]? {
    var parts: [UInt8: ArraySlice<UInt8>] = [:]
    let found = try segments(0xE2, profilePrefix, in: file)
    for part in found {
      var reader = ByteReader(part, .bigEndian, format: .jpeg)
      let number = UInt8(truncatingIfNeeded: try reader.uint8("number of a part of the profile"))
      guard try reader.uint8("number of parts") == found.count, parts[number] == nil else {
        throw reader.malformed("each of \(found.count) parts of the profile once")
      }
      parts[number] = try reader.take(reader.left, "profile")
    }
    guard !found.isEmpty else { return nil }
    return (1...found.count).flatMap { parts[UInt8(truncatingIfNeeded: $0)] ?? [] }
  }

  /// What stands behind a prefix in the segments of a marker before the pixels.
  /// - Throws: `PictureError.tooMuch` if there are too many segments.
  private static func segments(
    _ wanted: Int, _ prefix: [UInt8], in file: [UInt8]
  ) throws -> [ArraySlice<UInt8>] {
    var reader = ByteReader(file[...], .bigEndian, format: .jpeg)
    _ = try reader.take(2, "start of image")
    var found: [ArraySlice<UInt8>] = []
    for _ in 0...mostSegments {
      guard try reader.uint8("marker") == 0xFF else { throw reader.malformed("a marker") }
      var marker = 0xFF
      while marker == 0xFF { marker = try reader.uint8("marker") }
      // From the start of a scan on there are only pixels, or the end.
      if marker == 0xDA || marker == 0xD9 { return found }
      let standsAlone = marker == 0x01 || (0xD0...0xD8).contains(marker)
      guard !standsAlone else { continue }
      let segment = try reader.take(try reader.uint16("segment length") - 2, "segment")
      if marker == wanted, segment.starts(with: prefix) { found.append(segment.dropFirst(prefix.count)) }
    }
    throw PictureError.tooMuch(.jpeg, reason: "more than \(mostSegments) segments before the pixels")
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
