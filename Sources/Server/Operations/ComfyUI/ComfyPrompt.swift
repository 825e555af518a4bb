import Darkroom

/// ComfyUI's notation of weights in prompts, in the words of the syntax `weights`: there parentheses without a number
/// mean 1.1 too, and a number stands for itself, whatever is around it; braces, bars and underscores mean nothing.
enum ComfyPrompt {
  static let deepest = 64

  /// - Throws: `ComfyValues.Problem` for parentheses within parentheses without end.
  static func translated(_ text: String, input: String) throws -> String {
    var parts: [(text: String, weight: Double)] = []
    try split(Array(text.unicodeScalars)[...], weight: 1, depth: 0, input, &parts)
    return parts.map { $0.weight == 1 ? $0.text : "(\($0.text):\($0.weight.shortest))" }.joined()
  }

  private static func split(
    _ text: ArraySlice<Unicode.Scalar>, weight: Double, depth: Int, _ input: String,
    _ parts: inout [(text: String, weight: Double)]
  ) throws {
    guard depth <= deepest else {
      throw ComfyValues.Problem(input, "has parentheses more than \(deepest) deep within each other")
    }
    var position = text.startIndex
    var start = position
    while position < text.endIndex {
      switch text[position] {
      case "\\": position += 2
      case "(":
        guard let end = closing(text, position) else {
          position += 1
          continue
        }
        append(text[start..<position], weight, &parts)
        var inner = text[position + 1..<end]
        var own = (weight * 1.1 * 1e6).rounded() / 1e6
        if let (rest, number) = number(inner) { (inner, own) = (rest, number) }
        try split(inner, weight: own, depth: depth + 1, input, &parts)
        position = end + 1
        start = position
      default: position += 1
      }
    }
    append(text[start...], weight, &parts)
  }

  /// Where the parenthesis at a position is closed; nil if it is not.
  private static func closing(_ text: ArraySlice<Unicode.Scalar>, _ position: Int) -> Int? {
    var (depth, place) = (0, position)
    while place < text.endIndex {
      switch text[place] {
      case "\\": place += 1
      case "(": depth += 1
      case ")":
        depth -= 1
        if depth == 0 { return place }
      default: break
      }
      place += 1
    }
    return nil
  }

  /// What stands before the last colon, and the number behind it.
  private static func number(
    _ text: ArraySlice<Unicode.Scalar>
  ) -> (rest: ArraySlice<Unicode.Scalar>, number: Double)? {
    guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
      let number = Double(string(text[(colon + 1)...]).filter { $0 != " " }), number.isFinite
    else { return nil }
    return (text[..<colon], number)
  }

  /// Everything that has a meaning in the syntax `weights` becomes literal.
  private static func append(
    _ text: ArraySlice<Unicode.Scalar>, _ weight: Double, _ parts: inout [(text: String, weight: Double)]
  ) {
    guard !text.isEmpty else { return }
    var literal = String.UnicodeScalarView()
    var position = text.startIndex
    while position < text.endIndex {
      let scalar = text[position]
      let next = position + 1 < text.endIndex ? text[position + 1] : nil
      let isEscaped = scalar == "\\" && (next == "(" || next == ")")
      let isMark = scalar == "_" && next == "_"
      if isMark || !isEscaped && "(){}|\\".unicodeScalars.contains(scalar) { literal.append("\\") }
      let end = position + (isMark || isEscaped ? 2 : 1)
      literal.append(contentsOf: text[position..<end])
      position = end
    }
    parts.append((String(literal), weight))
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
