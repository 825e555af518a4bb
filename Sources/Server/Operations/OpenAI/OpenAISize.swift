import Darkroom

/// What a size of OpenAI's API means. Clients ask for sizes of a megapixel and more without having thought of them: these
/// stand for a shape, at the model's own number of pixels. All other sizes are exact.
enum OpenAISize {
  /// Those of the hosted models.
  static let shapes = ["1024x1024", "1536x1024", "1024x1536", "1792x1024", "1024x1792"]

  enum Meaning: Equatable {
    case own
    case shape(width: Int, height: Int)
    case exact(width: Int, height: Int)
  }

  /// - Throws: `Refusal` for what is no size, or none that can be drawn.
  static func read(_ text: String?, _ model: ModelDescription) throws -> Meaning {
    guard let text, text.lowercased() != "auto" else { return .own }
    let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).compactMap {
      Int($0)
    }
    let (range, multiple) = (Desk.limits.side, model.sideMultiple)
    guard sides.count == 2, sides.allSatisfy({ range.contains($0) && $0 % multiple == 0 }) else {
      let hosted = shapes.joined(separator: ", ")
      throw Refusal(
        .request, field: "size",
        "must be auto, \(hosted), or WIDTHxHEIGHT in multiples of \(multiple) from \(range.lowerBound) to \(range.upperBound), such as \(model.nativeSide)x\(model.nativeSide)"
      )
    }
    guard shapes.contains(text.lowercased()) else { return .exact(width: sides[0], height: sides[1]) }
    let size = AspectRatio.size(Double(sides[0]) / Double(sides[1]), model)
    return .shape(width: size.width, height: size.height)
  }
}
