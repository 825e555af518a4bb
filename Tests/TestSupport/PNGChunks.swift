import CZlib

/// Makes chunks of PNG files by hand, with right checksums.
package enum PNGChunks {
  package static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let typed = Array(type.utf8) + body
    return bigEndian(body.count) + typed + bigEndian(Int(crc32(0, typed, UInt32(typed.count))))
  }

  /// A text chunk that is not compressed.
  package static func text(_ keyword: String, _ text: String) -> [UInt8] {
    chunk("tEXt", Array(keyword.utf8) + [0] + Array(text.utf8))
  }

  /// `zTXt` or `iCCP`: a keyword or name, and what is compressed.
  package static func compressed(_ type: String, _ keyword: String, _ bytes: [UInt8]) -> [UInt8] {
    chunk(type, Array(keyword.utf8) + [0, 0] + deflated(bytes))
  }

  package static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    compress2(&result, &count, bytes, UInt(bytes.count), 9)
    return Array(result.prefix(Int(count)))
  }

  /// A PNG file with further chunks behind its header.
  package static func inserting(_ chunks: [UInt8], into file: [UInt8]) -> [UInt8] {
    Array(file.prefix(headerEnd)) + chunks + Array(file.dropFirst(headerEnd))
  }

  /// The file with the right checksum in each chunk that is there whole, so that damage is seen by who reads it.
  package static func mended(_ file: [UInt8]) -> [UInt8] {
    var file = file
    var start = 8
    while start + 12 <= file.count {
      let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = start + 8 + length
      guard end + 4 <= file.count else { break }
      let typed = Array(file[(start + 4)..<end])
      file.replaceSubrange(end..<end + 4, with: bigEndian(Int(crc32(0, typed, UInt32(typed.count)))))
      start = end + 4
    }
    return file
  }

  /// Signature and IHDR with its checksum.
  private static let headerEnd = 33

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
