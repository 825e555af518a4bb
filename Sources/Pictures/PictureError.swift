/// What can be wrong with a picture, its file or its metadata.
package enum PictureError: Error, Equatable, Sendable {
  /// The decoder's output holds NaN or infinite values.
  case notFinite(count: Int, of: Int, row: Int, column: Int, channel: Int)
  /// A file name without an ending that names a picture format.
  case unknownEnding(file: String)
  /// Quality outside 1...100.
  case quality(Int)
  /// The encoder refused the picture, for instance because a side is too long for the format.
  case encoding(PictureFormat, reason: String)
  /// Bytes that begin like no format known here.
  case unknownFormat
  /// More pixels, or a longer side, than the limits allow. Nothing was decoded.
  case tooLarge(width: Int, height: Int, PictureLimits)
  /// Damaged pixels, or a kind of file that is not read.
  case decoding(PictureFormat, reason: String)
  /// A file whose structure is broken at `byte`.
  case malformed(PictureFormat, byte: Int, expected: String)
  /// More beside the pixels than is read. Nothing was decoded.
  case tooMuch(PictureFormat, reason: String)
  /// Metadata of more than `PictureMetadata.longestBlock` bytes.
  case metadataTooLarge(bytes: Int)
}

extension PictureError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFinite(let count, let total, let row, let column, let channel):
      "\(count) of \(total) decoded values are not finite, the first at "
        + "row \(row), column \(column), channel \(channel)"
    case .unknownEnding(let file):
      "\(file): the ending names no picture format; known are "
        + PictureFormat.endings.joined(separator: ", ")
    case .quality(let quality):
      "quality \(quality): expected 1 to 100"
    case .encoding(let format, let reason):
      "cannot write \(format.name): \(reason)"
    case .unknownFormat:
      "not a picture: expected PNG, JPEG or WebP"
    case .tooLarge(let width, let height, let limits):
      "a picture of \(width)x\(height) pixels; at most \(limits.pixels) pixels "
        + "and \(limits.side) a side are allowed"
    case .decoding(let format, let reason), .tooMuch(let format, let reason):
      "cannot read \(format.name): \(reason)"
    case .malformed(let format, let byte, let expected):
      "malformed \(format.name) at byte \(byte): expected \(expected)"
    case .metadataTooLarge(let bytes):
      "\(bytes) bytes of metadata; at most \(PictureMetadata.longestBlock) are allowed"
    }
  }
}
