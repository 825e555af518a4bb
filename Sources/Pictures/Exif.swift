/// The few fields of an EXIF block (a TIFF file without pixels; CIPA DC-008) that matter here.
struct Exif {
  var metadata = PictureMetadata()
  /// 1 to 8: which corner of the picture the first stored pixel belongs to; 1 is upright.
  var orientation = 1

  private enum Tag {
    static let make = 0x010F
    static let model = 0x0110
    static let orientation = 0x0112
    static let software = 0x0131
    static let exifDirectory = 0x8769
    static let makerNote = 0x927C
    static let userComment = 0x9286
  }

  private static let unicode = Array("UNICODE\0".utf8)
  private static let makerPrefix = Array("darkroom\0".utf8)

  init(metadata: PictureMetadata) { self.metadata = metadata }

  // MARK: Reading

  /// - Throws: `PictureError.malformed`; bytes are counted within the block.
  init(_ block: ArraySlice<UInt8>, format: PictureFormat) throws {
    guard block.count <= PictureMetadata.longestBlock else {
      throw PictureError.malformed(
        format, byte: 0, expected: "EXIF of at most \(PictureMetadata.longestBlock) bytes")
    }
    var reader = ByteReader(Array(block)[...], .bigEndian, format: format)
    let order = try reader.take(2, "byte order of EXIF")
    if order.elementsEqual("II".utf8) {
      reader.order = .littleEndian
    } else if !order.elementsEqual("MM".utf8) {
      throw reader.malformed("EXIF with byte order II or MM")
    }
    guard try reader.uint16("42") == 42 else { throw reader.malformed("EXIF with the number 42") }
    let first = try Self.directory(&reader, at: try reader.uint32("offset of EXIF directory"))
    if let field = first[Tag.orientation] {
      var value = field
      let orientation = try value.uint16("orientation")
      self.orientation = (1...8).contains(orientation) ? orientation : 1
    }
    readOthers(first)
    guard var pointer = first[Tag.exifDirectory] else { return }
    let fields = try Self.directory(&reader, at: try pointer.uint32("offset of EXIF directory"))
    metadata.parameters = fields[Tag.userComment].flatMap(Self.comment) ?? metadata.parameters
    if let note = fields[Tag.makerNote]?.bytes, note.starts(with: Self.makerPrefix) {
      guard let json = String(validating: note.dropFirst(Self.makerPrefix.count), as: UTF8.self) else {
        throw PictureError.malformed(format, byte: note.startIndex, expected: "UTF-8")
      }
      metadata.json = json
    }
  }

  /// The values of a directory's fields that lie within the block.
  private static func directory(
    _ reader: inout ByteReader, at offset: Int
  ) throws -> [Int: ByteReader] {
    try reader.seek(offset, "EXIF directory")
    var fields: [Int: ByteReader] = [:]
    for _ in 0..<(try reader.uint16("number of EXIF fields")) {
      let tag = try reader.uint16("EXIF tag")
      let size = size(ofType: try reader.uint16("EXIF type"))
      let count = try reader.uint32("EXIF count") * size  // below 2^35
      let inside = reader.offset
      if count > 4 { try reader.seek(try reader.uint32("EXIF offset"), "EXIF field") }
      fields[tag] = try reader.part(count, "EXIF field \(tag)")
      try reader.seek(inside + 4, "next EXIF field")
    }
    return fields
  }

  /// Bytes of one element; 0, which leaves the field empty, if the type is unknown.
  private static func size(ofType type: Int) -> Int {
    switch type {
    case 1, 2, 6, 7, 129: 1
    case 3, 8: 2
    case 4, 9, 11: 4
    case 5, 10, 12: 8
    default: 0
    }
  }

  /// What other programs write into the first directory: ComfyUI its texts, Fooocus its name and what belongs into the
  /// directory of EXIF.
  private mutating func readOthers(_ first: [Int: ByteReader]) {
    for tag in [Tag.make, Tag.model] { metadata.others.merge(Self.named(first[tag])) { $1 } }
    guard let software = first[Tag.software]?.bytes.prefix(while: { $0 != 0 }) else { return }
    metadata.others["Software"] = String(decoding: software, as: UTF8.self)
    metadata.parameters = first[Tag.userComment].map {
      String(decoding: $0.bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// ComfyUI writes its texts with their keyword and a colon into the fields of a camera's make and model.
  private static func named(_ field: ByteReader?) -> [String: String] {
    let parts = field?.bytes.prefix { $0 != 0 }.split(separator: UInt8(ascii: ":"), maxSplits: 1) ?? []
    guard parts.count == 2 else { return [:] }
    let (keyword, text) = (
      String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self)
    )
    return ["prompt", "workflow"].contains(keyword) ? [keyword: text] : [:]
  }

  /// The text of a UserComment: 8 bytes that name the encoding, then the text.
  private static func comment(_ field: ByteReader) -> String? {
    let text = field.bytes.dropFirst(8)
    if field.bytes.starts(with: unicode) { return utf16(text, field.order) }
    let plain: [[UInt8]] = [Array("ASCII\0\0\0".utf8), Array(repeating: 0, count: 8)]
    guard plain.contains(where: field.bytes.starts) else { return nil }
    return String(decoding: text, as: UTF8.self)
  }

  /// A1111 writes big-endian UTF-16 into big-endian blocks. In little-endian blocks both are found,
  /// since programs rewrite the block around the untouched comment: there the zero bytes of the
  /// Latin characters decide.
  private static func utf16(_ bytes: ArraySlice<UInt8>, _ order: ByteReader.Order) -> String {
    let pairs = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2)
    var swapped = false
    if order == .littleEndian {
      let high = pairs.count { bytes[$0] == 0 }
      let low = pairs.count { bytes[$0 + 1] == 0 }
      swapped = low > high
    }
    let units = pairs.map { i in
      let unit = UInt16(bytes[i]) << 8 | UInt16(bytes[i + 1])
      return swapped ? unit.byteSwapped : unit
    }
    return String(decoding: units, as: UTF16.self)
  }

  // MARK: Writing

  /// A big-endian block with the metadata; the orientation is not written.
  /// - Precondition: the metadata's size fits 32 bits.
  func encoded() -> [UInt8] {
    var fields: [(tag: Int, value: [UInt8])] = []  // in the order of their tags
    if let json = metadata.json { fields.append((Tag.makerNote, Self.makerPrefix + json.utf8)) }
    if let text = metadata.parameters {
      var value = Self.unicode
      for unit in text.utf16 { value.appendBigEndian(unit) }
      fields.append((Tag.userComment, value))
    }
    var block = Array("MM".utf8)
    block.appendBigEndian(UInt16(42))
    block.appendBigEndian(UInt32(8))  // where the first directory is
    block.appendBigEndian(UInt16(1))
    Self.appendField(Tag.exifDirectory, type: 4, count: 1, value: 26, to: &block)
    block.appendBigEndian(UInt32(0))  // no further directory

    block.appendBigEndian(UInt16(truncatingIfNeeded: fields.count))
    var values: [UInt8] = []
    let start = block.count + fields.count * 12 + 4
    for field in fields {
      let place = start + values.count
      Self.appendField(field.tag, type: 7, count: field.value.count, value: place, to: &block)
      values += field.value
      if values.count % 2 == 1 { values.append(0) }
    }
    block.appendBigEndian(UInt32(0))
    return block + values
  }

  private static func appendField(
    _ tag: Int, type: UInt16, count: Int, value: Int, to block: inout [UInt8]
  ) {
    block.appendBigEndian(UInt16(truncatingIfNeeded: tag))
    block.appendBigEndian(type)
    block.appendBigEndian(UInt32(truncatingIfNeeded: count))
    block.appendBigEndian(UInt32(truncatingIfNeeded: value))
  }
}
