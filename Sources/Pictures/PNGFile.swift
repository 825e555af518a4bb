import CZlib
import SystemFiles

/// Chunks of PNG files beside the pixels: text, EXIF and the colour profile (PNG specification, third edition, 11.3).
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The most chunks that a file may have, those with pixels not counted.
  static let mostChunks = 1000

  private static let parametersKeyword = "parameters"
  private static let jsonKeyword = "darkroom"

  // MARK: Reading

  static func metadata(in file: [UInt8]) throws -> PictureMetadata {
    var texts: [String: String] = [:]
    var room = PictureMetadata.longestBlock
    try forEachChunk(in: file, of: ["tEXt", "zTXt", "iTXt"]) { type, body in
      var chunk = body
      let keyword = latin1(try string(&chunk, "keyword"))
      let isWanted =
        [parametersKeyword, jsonKeyword].contains(keyword) || PictureMetadata.otherKeywords.contains(keyword)
      guard isWanted, texts[keyword] == nil else { return }
      texts[keyword] = try text(&chunk, type: type, room: &room)
    }
    var metadata = PictureMetadata(
      parameters: texts.removeValue(forKey: parametersKeyword), json: texts.removeValue(forKey: jsonKeyword))
    metadata.others = texts
    return metadata
  }

  static func exif(in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    var block: ArraySlice<UInt8>?
    try forEachChunk(in: file, of: ["eXIf"]) { _, body in block = body.bytes }
    return block
  }

  /// The colour profile, which only counts before the pixels.
  static func profile(in file: [UInt8]) throws -> [UInt8]? {
    var profile: [UInt8]?
    try forEachChunk(in: file, of: ["iCCP"], until: "IDAT") { _, body in
      var chunk = body
      _ = try string(&chunk, "name of the profile")
      let method = try chunk.uint8("compression")
      profile = try decompressed(&chunk, method: method, "profile", limit: PictureMetadata.longestBlock)
    }
    return profile
  }

  /// Calls `body` with each chunk of the given types, whose checksum is right, up to the first of type `last`.
  /// - Throws: `PictureError.tooMuch` if there are too many chunks or a long one without pixels.
  private static func forEachChunk(
    in file: [UInt8], of types: [String], until last: String = "IEND",
    _ body: (String, ByteReader) throws -> Void
  ) throws {
    var reader = ByteReader(file[...], .bigEndian, format: .png)
    _ = try reader.take(signature.count, "signature")
    var type = ""
    var chunks = 0
    while type != last {
      let length = try reader.uint32("chunk length")
      let start = reader.offset
      type = String(decoding: try reader.take(4, "chunk type"), as: UTF8.self)
      if type != "IDAT" {
        chunks += 1
        try checkLimits(chunks: chunks, type, length)
      }
      guard types.contains(type) else {
        _ = try reader.take(length, "chunk \(type)")
        _ = try reader.take(4, "checksum")
        continue
      }
      let bytes = try reader.take(length, "chunk \(type)")
      guard try reader.uint32("checksum") == checksum(file[start..<(start + 4 + length)]) else {
        throw PictureError.malformed(.png, byte: start, expected: "chunk \(type) with its checksum")
      }
      try body(type, ByteReader(bytes, .bigEndian, format: .png))
    }
  }

  private static func checkLimits(chunks: Int, _ type: String, _ length: Int) throws {
    guard chunks <= mostChunks else {
      throw PictureError.tooMuch(.png, reason: "more than \(mostChunks) chunks beside those of pixels")
    }
    guard length <= PictureMetadata.longestBlock else {
      throw PictureError.tooMuch(
        .png, reason: "a chunk \(type) of \(length) bytes; at most \(PictureMetadata.longestBlock) are read")
    }
  }

  /// The rest of a chunk, compressed by `method`.
  private static func decompressed(
    _ chunk: inout ByteReader, method: Int, _ what: String, limit: Int
  ) throws -> [UInt8] {
    let start = chunk.offset
    let bytes = try chunk.take(chunk.left, what).withUnsafeBufferPointer { inflated($0, limit: limit) }
    guard method == 0, let bytes else {
      try chunk.seek(start, what)
      throw chunk.malformed("a \(what) compressed by zlib, of at most \(limit) bytes")
    }
    return bytes
  }

  /// The text behind the keyword.
  /// - Parameter room: bytes that compressed texts may still have.
  private static func text(_ chunk: inout ByteReader, type: String, room: inout Int) throws -> String {
    guard type != "tEXt" else { return plain(try chunk.take(chunk.left, "text")) }
    let isCompressed = try type == "zTXt" || chunk.uint8("compression flag") != 0
    let method = try chunk.uint8("compression")
    if type == "iTXt" {
      _ = try string(&chunk, "language")
      _ = try string(&chunk, "translated keyword")
    }
    let start = chunk.offset
    let bytes =
      try isCompressed
      ? decompressed(&chunk, method: method, "text", limit: room)[...] : chunk.take(chunk.left, "text")
    if isCompressed { room -= bytes.count }
    guard type == "iTXt" else { return plain(bytes) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      try chunk.seek(start, "text")
      throw chunk.malformed("UTF-8")
    }
    return text
  }

  /// Latin-1 as it should be, or UTF-8 where the bytes are such, as stable-diffusion.cpp writes it.
  private static func plain(_ bytes: ArraySlice<UInt8>) -> String {
    String(validating: bytes, as: UTF8.self) ?? latin1(bytes)
  }

  /// The bytes before the next NUL, which is skipped.
  private static func string(_ chunk: inout ByteReader, _ what: String) throws -> ArraySlice<UInt8> {
    let rest = chunk.bytes.dropFirst(chunk.offset)
    guard let end = rest.firstIndex(of: 0) else { throw chunk.malformed("\(what) and a NUL") }
    let string = try chunk.take(end - rest.startIndex, what)
    _ = try chunk.take(1, what)
    return string
  }

  private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
    return String(text)
  }

  // MARK: Writing

  static func inserting(_ metadata: PictureMetadata, into file: [UInt8]) throws -> [UInt8] {
    // After the signature and IHDR, so that a reader need not walk over the pixels.
    let start = signature.count + 4 + 4 + 13 + 4
    precondition(file.count > start, "not one of our PNG files")
    var result = Array(file[..<start])
    if let text = metadata.parameters { result += try chunk(parametersKeyword, text) }
    if let text = metadata.json { result += try chunk(jsonKeyword, text) }
    return result + file[start...]
  }

  /// tEXt if the text is Latin-1, which older readers expect, and no reader can take it for UTF-8; else iTXt.
  private static func chunk(_ keyword: String, _ text: String) throws -> [UInt8] {
    let scalars = text.unicodeScalars
    let latin1 = scalars.lazy.map { UInt8(truncatingIfNeeded: $0.value) }
    let isPlain =
      scalars.allSatisfy { $0.value != 0 && $0.value <= 0xFF } && plain(Array(latin1)[...]) == text
    var body = Array((isPlain ? "tEXt" : "iTXt").utf8) + keyword.utf8 + [0]
    if isPlain {
      body += latin1
    } else {
      body += [0, 0]  // not compressed
      body += [0, 0]  // no language, no translated keyword
      body += text.utf8
    }
    let length = body.count - 4
    guard length <= PictureMetadata.longestBlock else {
      throw PictureError.metadataTooLarge(bytes: length)
    }
    var chunk: [UInt8] = []
    chunk.appendBigEndian(UInt32(length))
    chunk += body
    chunk.appendBigEndian(UInt32(checksum(body[...])))
    return chunk
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    // At most `PictureMetadata.longestBlock` and a few bytes, so the count fits.
    bytes.withUnsafeBufferPointer { Int(crc32(0, $0.baseAddress, UInt32($0.count))) }
  }
}
