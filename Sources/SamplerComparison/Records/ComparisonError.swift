/// What can be wrong with the results of a comparison or their pictures.
package enum ComparisonError: Error, Equatable, Sendable {
  /// Bytes that are no JSON at all.
  case notJSON(reason: String)
  /// A field that is missing, of another type or outside its range; `path` as in `cells[3].measure.psnr`.
  case field(path: String, expected: String)
  /// Two pictures that are compared are not of one size, or smaller than the window of a measure.
  case sizes(width: Int, height: Int, otherWidth: Int, otherHeight: Int, smallestSide: Int)
  /// Latents that are compared have not as many values, or none.
  case latents(count: Int, otherCount: Int)
  /// A comparison without a single cell has no contact sheet.
  case noCells
}

extension ComparisonError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notJSON(let reason):
      "not the results of a comparison: \(reason)"
    case .field(let path, let expected):
      "\(path): expected \(expected)"
    case .sizes(let width, let height, let otherWidth, let otherHeight, let smallestSide):
      "cannot compare a picture of \(width)x\(height) pixels with one of \(otherWidth)x\(otherHeight); expected "
        + "one size, no side under \(smallestSide)"
    case .latents(let count, let otherCount):
      "cannot compare latents of \(count) values with latents of \(otherCount)"
    case .noCells:
      "a comparison without a picture"
    }
  }
}
