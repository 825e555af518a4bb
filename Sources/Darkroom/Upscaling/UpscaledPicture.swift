import FoundationEssentials
import Pictures
import SystemFiles

/// An enlarged picture, with what its file told before and what was done to it.
public struct UpscaledPicture: Sendable {
  public let record: UpscaleRecord
  public var width: Int { picture.width }
  public var height: Int { picture.height }
  /// 8-bit RGB, rows from the top, `[height, width, 3]`.
  public var pixels: [UInt8] { picture.pixels }
  let picture: Picture
  let metadata: PictureMetadata

  /// - Parameter metadata: of the picture before.
  init(_ picture: Picture, _ record: UpscaleRecord, after metadata: PictureMetadata) {
    self.init(picture: picture, record: record, metadata: metadata.adding(record))
  }

  /// - Parameter metadata: of this picture.
  init(picture: Picture, record: UpscaleRecord, metadata: PictureMetadata) {
    (self.picture, self.record, self.metadata) = (picture, record, metadata)
  }

  /// Writes the picture with its metadata, whole or not at all: PNG, JPEG or WebP by the path's ending.
  /// - Throws: `DarkroomError` of kind `output`.
  public func write(to path: String) throws {
    try DarkroomError.ofOutput { try picture.write(to: path, metadata: metadata) }
  }

  /// As `write(to:)`, but replaces nothing: takes the first of some names in one folder that is free.
  /// - Returns: the path that the file got; nil if none is free.
  /// - Throws: `DarkroomError` of kind `output`.
  package func write(toFirstFreeOf names: some Sequence<String>) throws -> String? {
    guard let first = names.first(where: { _ in true }) else { return nil }
    return try DarkroomError.ofOutput {
      try AtomicFile.write(encoded(as: PictureFormat(fileName: first)), toFirstFreeOf: names)
    }
  }

  /// The bytes of a file with the picture and its metadata.
  /// - Throws: `DarkroomError` of kind `output`.
  public func encoded(as format: PictureFormat = .png) throws -> [UInt8] {
    try encoded(as: format, quality: nil)
  }

  /// - Parameter quality: 1 to 100, for JPEG and WebP; 95 if nil.
  package func encoded(as format: PictureFormat, quality: Int?) throws -> [UInt8] {
    try DarkroomError.ofOutput {
      try picture.encoded(as: format, quality: quality ?? 95, metadata: metadata)
    }
  }
}
