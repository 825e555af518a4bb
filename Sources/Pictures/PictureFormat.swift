/// The file formats that pictures are written in and read from.
public enum PictureFormat: String, Codable, Sendable, CaseIterable {
  case png
  case jpeg
  case webp

  /// The endings of file names, the usual one of each format first.
  package static let endings = [".png", ".jpg", ".jpeg", ".webp"]

  /// The format that the ending of a file's name stands for, in capitals or not.
  /// - Throws: `PictureError.unknownEnding`, which lists the known endings.
  package init(fileName: String) throws {
    let name = fileName.lowercased()
    if name.hasSuffix(".png") {
      self = .png
    } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
      self = .jpeg
    } else if name.hasSuffix(".webp") {
      self = .webp
    } else {
      throw PictureError.unknownEnding(file: fileName)
    }
  }

  /// The format that a file's first bytes tell, whatever its name.
  /// - Throws: `PictureError.unknownFormat`.
  package init(contents: [UInt8]) throws {
    if contents.starts(with: PNGFile.signature) {
      self = .png
    } else if contents.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if contents.starts(with: "RIFF".utf8), contents.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else {
      throw PictureError.unknownFormat
    }
  }

  package var name: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .webp: "WebP"
    }
  }
}
