import Darkroom

/// What a hosted operation takes as a picture.
struct PictureRule {
  var side: ClosedRange<Int>
  var pixels: ClosedRange<Int>
  /// Of the longer side to the shorter one.
  var aspect: Double?

  static let start = PictureRule(side: 64...16_384, pixels: 4_096...16_777_216)
  static let edit = PictureRule(side: 64...16_384, pixels: 4_096...9_437_184)
  static let narrow = PictureRule(side: 64...16_384, pixels: 4_096...9_437_184, aspect: 2.5)
  static let fast = PictureRule(side: 32...1536, pixels: 1_024...1_048_576)
  static let creative = PictureRule(side: 64...16_384, pixels: 4_096...1_048_576)

  /// - Throws: `Refusal` that names the size and what is possible.
  func check(_ picture: InputPicture, _ field: String) throws {
    let size = try picture.size(field)
    func refuse(_ expected: String) -> Refusal {
      Refusal(.request, field: field, "is \(size.width)x\(size.height); \(expected)")
    }
    guard side.contains(size.width), side.contains(size.height) else {
      throw refuse("sides must be between \(side.lowerBound) and \(side.upperBound)")
    }
    guard pixels.contains(size.width * size.height) else {
      throw refuse(
        "width times height must be between \(pixels.lowerBound) and \(pixels.upperBound) pixels")
    }
    let ratio = Double(max(size.width, size.height)) / Double(min(size.width, size.height))
    if let aspect, ratio > aspect {
      throw refuse("the aspect ratio must be between 1:\(aspect.shortest) and \(aspect.shortest):1")
    }
  }
}
