import CPictures
import SystemFiles

extension Picture {
  /// The picture as the bytes of a file.
  /// - Parameters:
  ///   - quality: 1 to 100, for JPEG (always 4:4:4) and WebP; PNG is lossless.
  ///   - lossless: WebP without loss; `quality` is then ignored. JPEG is never lossless.
  ///   - metadata: is written into the file unless it is empty.
  /// - Throws: `PictureError` if the quality is out of range or the format cannot hold the picture.
  package func encoded(
    as format: PictureFormat, quality: Int = 95, lossless: Bool = false,
    metadata: PictureMetadata = PictureMetadata()
  ) throws -> [UInt8] {
    guard (1...100).contains(quality) else { throw PictureError.quality(quality) }
    guard let columns = UInt32(exactly: width), let rows = UInt32(exactly: height) else {
      throw PictureError.encoding(format, reason: "a side is too long")
    }
    let bytes = try pixels.withUnsafeBufferPointer { pixels in
      try Self.encode(format) { file, message in
        switch format {
        case .png:
          cpictures_encode_png(pixels.baseAddress, columns, rows, file, message)
        case .jpeg:
          cpictures_encode_jpeg(pixels.baseAddress, columns, rows, Int32(quality), file, message)
        case .webp:
          cpictures_encode_webp(
            pixels.baseAddress, columns, rows, Int32(quality), lossless ? 1 : 0, file, message)
        }
      }
    }
    return try metadata.inserted(into: bytes, format: format, width: width, height: height)
  }

  /// Writes the picture to a file that appears whole or not at all, in the format of its ending.
  /// - Throws: `PictureError` or `FileError`.
  package func write(
    to path: String, quality: Int = 95, lossless: Bool = false,
    metadata: PictureMetadata = PictureMetadata()
  ) throws {
    let format = try PictureFormat(fileName: path)
    let bytes = try encoded(
      as: format, quality: quality, lossless: lossless, metadata: metadata)
    try AtomicFile.write(bytes, to: path)
  }

  private typealias Message = UnsafeMutablePointer<CChar>

  private static func encode(
    _ format: PictureFormat,
    _ body: (UnsafeMutablePointer<cpictures_file>, Message) -> cpictures_status
  ) throws -> [UInt8] {
    var file = cpictures_file()
    let (status, message) = withMessage { body(&file, $0) }
    guard status == CPICTURES_OK else { throw PictureError.encoding(format, reason: message) }
    defer { cpictures_free(file.bytes) }
    return [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))
  }

  /// Runs a function of the codecs with room for what it has to say when it fails.
  static func withMessage(
    _ body: (UnsafeMutablePointer<CChar>) -> cpictures_status
  ) -> (cpictures_status, String) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: CPICTURES_MESSAGE_SIZE) {
      room in
      room.initialize(repeating: 0)
      guard let message = room.baseAddress else { return (CPICTURES_FAILED, "") }
      let status = body(message)
      return (status, String(cString: message))
    }
  }
}
