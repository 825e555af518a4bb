import CZlib

/// Text chunks of PNG files (PNG specification, third edition, 11.3.3).
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The most chunks that are walked over, those with pixels not counted.
  static let mostChunks = 1000

  private static let parametersKeyword = "parameters"
  private static let jsonKeyword = "darkroom"

  // MARK: Reading

  static func metadata(in file: [UInt8]) throws -> PictureMetadata {
    var metadata = PictureMetadata()
    try forEachChunk(in: file, of: ["tEXt", "iTXt"]) { type, body in
      guard let (keyword, text) = try text(of: body, type: type) else { return }
      switch keyword {
      case parametersKeyword: metadata.parameters = metadata.parameters ?? text
      case jsonKeyword: metadata.json = metadata.json ?? text
      default: break
      }
    }
    return metadata
  }

  static func exif(in file: [UInt8]) throws -> ArraySlice<UInt8>? {
    var block: ArraySlice<UInt8>?
    try forEachChunk(in: file, of: ["eXIf"]) { _, body in block = body.bytes }
    return block
  }

  /// Calls `body` with each chunk of the given types, whose checksum is right.
  private static func forEachChunk(
    in file: [UInt8], of types: [String], _ body: (String, ByteReader) throws -> Void
  ) throws {
    var reader = ByteReader(file[...], .bigEndian, format: .png)
    _ = try reader.take(signature.count, "signature")
    var type = ""
    var chunks = 0
    while type != "IEND" {
      let length = try reader.uint32("chunk length")
      let start = reader.offset
      type = String(decoding: try reader.take(4, "chunk type"), as: UTF8.self)
      chunks += type == "IDAT" ? 0 : 1
      guard chunks <= mostChunks else { throw reader.malformed("at most \(mostChunks) chunks") }
      guard types.contains(type) else {
        _ = try reader.take(length, "chunk \(type)")
        _ = try reader.take(4, "checksum")
        continue
      }
      guard length <= PictureMetadata.longestBlock else {
        throw reader.malformed("a chunk of at most \(PictureMetadata.longestBlock) bytes")
      }
      let bytes = try reader.take(length, "chunk \(type)")
      guard try reader.uint32("checksum") == checksum(file[start..<(start + 4 + length)]) else {
        throw PictureError.malformed(.png, byte: start, expected: "chunk \(type) with its checksum")
      }
      try body(type, ByteReader(bytes, .bigEndian, format: .png))
    }
  }

  /// Keyword and text; `nil` if the text is compressed, which no program of the field does.
  private static func text(of chunk: ByteReader, type: String) throws -> (String, String)? {
    var chunk = chunk
    let keyword = latin1(try string(&chunk, "keyword"))
    if type == "tEXt" { return (keyword, latin1(try chunk.take(chunk.left, "text"))) }
    let compression = try chunk.take(2, "compression")
    _ = try string(&chunk, "language")
    _ = try string(&chunk, "translated keyword")
    guard compression.first == 0 else { return nil }
    let start = chunk.offset
    guard let text = String(validating: try chunk.take(chunk.left, "text"), as: UTF8.self) else {
      try chunk.seek(start, "text")
      throw chunk.malformed("UTF-8")
    }
    return (keyword, text)
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

  /// tEXt if the text is Latin-1, which older readers expect, else iTXt.
  private static func chunk(_ keyword: String, _ text: String) throws -> [UInt8] {
    let fitsLatin1 = text.unicodeScalars.allSatisfy { $0.value != 0 && $0.value <= 0xFF }
    var body = Array((fitsLatin1 ? "tEXt" : "iTXt").utf8) + keyword.utf8 + [0]
    if fitsLatin1 {
      body += text.unicodeScalars.lazy.map { UInt8(truncatingIfNeeded: $0.value) }
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
