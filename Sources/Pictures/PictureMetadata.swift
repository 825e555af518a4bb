/// What a picture file tells about how the picture was made. PNG keeps it in text chunks, JPEG and WebP
/// in EXIF. It is written around the encoded pixels and read without decoding them.
package struct PictureMetadata: Sendable, Equatable {
  /// The text that A1111's web UI writes and reads: PNG keyword `parameters`, EXIF UserComment.
  package var parameters: String?
  /// The whole request as JSON: PNG keyword `darkroom`, EXIF MakerNote.
  package var json: String?

  /// What other programs wrote, by its keyword in PNG files; it is read and never written.
  package var others: [String: String] = [:]

  /// The keywords of `others` that say how a picture was made: ComfyUI's, InvokeAI's, NovelAI's and Fooocus'.
  static let otherKeywords: Set = [
    "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "Software", "Source", "Description",
    "Comment",
    "fooocus_scheme",
  ]

  /// The most bytes of one PNG chunk beside the pixels, one EXIF block or one colour profile, read or written, and of
  /// all compressed texts of a file together.
  package static let longestBlock = 8 << 20

  package init(parameters: String? = nil, json: String? = nil) {
    self.parameters = parameters
    self.json = json
  }

  /// The metadata of a PNG, JPEG or WebP file; empty if it has none.
  /// - Throws: `PictureError` if the file is of no known format, truncated or damaged.
  package static func read(from contents: [UInt8]) throws -> PictureMetadata {
    switch try PictureFormat(contents: contents) {
    case .png: try PNGFile.metadata(in: contents)
    case .jpeg: try exif(JPEGFile.exif(in: contents), format: .jpeg)
    case .webp: try exif(WebPFile.exif(in: contents), format: .webp)
    }
  }

  /// - Throws: `FileError` if the file cannot be read; `PictureError` as above.
  package static func read(file path: String) throws -> PictureMetadata {
    try read(from: InputFile.read(path))
  }

  /// An encoded picture, made by our own codecs, with the metadata added.
  func inserted(
    into file: [UInt8], format: PictureFormat, width: Int, height: Int
  ) throws -> [UInt8] {
    guard parameters != nil || json != nil else { return file }
    guard format != .png else { return try PNGFile.inserting(self, into: file) }
    let exif = Exif(metadata: self).encoded()
    guard exif.count <= Self.longestBlock else {
      throw PictureError.metadataTooLarge(bytes: exif.count)
    }
    guard format != .jpeg else { return JPEGFile.inserting(exif: exif, into: file) }
    return try WebPFile.inserting(exif: exif, into: file, width: width, height: height)
  }

  private static func exif(
    _ block: ArraySlice<UInt8>?, format: PictureFormat
  ) throws -> PictureMetadata {
    guard let block else { return PictureMetadata() }
    return try Exif(block, format: format).metadata
  }
}
