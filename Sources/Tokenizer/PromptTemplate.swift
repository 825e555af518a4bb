/// Why nothing can be drawn from a template.
package enum PromptTemplateError: Error, Equatable, CustomStringConvertible {
  /// Groups and lists within each other.
  case tooDeep(limit: Int)
  case tooLong(limit: Int)

  package var description: String {
    switch self {
    case .tooDeep(let limit):
      "choices stand more than \(limit) deep within each other, or a list of choices names itself"
    case .tooLong(let limit): "its choices come to more than \(limit) characters"
    }
  }
}

/// A prompt with choices, of which a seed takes some; the notation is that of the Dynamic Prompts extension of A1111's
/// web UI.
///
/// `{a|b}` is a or b; options may hold further choices. `{3::a|b}` takes a three times as often; `{2$$a|b|c}` takes two of
/// them, `{1-2$$…}` one or two, with ", " between them, or what stands before a second `$$`, as in `{2$$ and $$a|b|c}`.
/// `__name__` is a line of a list. A backslash makes braces, bars and `__` literal, and stays for the prompt's syntax. All
/// else is literal, braces without a bar too.
package struct PromptTemplate {
  /// The lines of a list of this name.
  package typealias Lists = (_ name: String) throws -> [String]

  private static let depthLimit = 32
  private static let lengthLimit = 10_000

  private var numbers: SplitMix64
  private let lists: Lists
  private var length = 0

  /// The text with all choices made. What comes out has no choices.
  /// - Throws: `PromptTemplateError`; what `lists` throws.
  package static func drawn(_ text: String, seed: UInt64, lists: Lists) throws -> String {
    try withoutActuallyEscaping(lists) { lists in
      var template = PromptTemplate(numbers: SplitMix64(state: seed), lists: lists)
      return string(try template.draw(Array(text.unicodeScalars)[...], depth: 0))
    }
  }

  /// Whether a text has choices.
  package static func hasChoices(_ text: String) -> Bool {
    let scalars = Array(text.unicodeScalars)[...]
    let closings = TemplateGroup.closings(in: scalars)
    var position = 0
    while position < scalars.endIndex {
      if scalars[position] == "\\" {
        position += 2
        continue
      }
      if listName(in: scalars, at: position) != nil { return true }
      if let end = closings[position], TemplateGroup(scalars[position + 1..<end]) != nil { return true }
      position += 1
    }
    return false
  }

  private mutating func draw(_ text: ArraySlice<Unicode.Scalar>, depth: Int) throws -> [Unicode.Scalar] {
    guard depth <= Self.depthLimit else { throw PromptTemplateError.tooDeep(limit: Self.depthLimit) }
    let closings = TemplateGroup.closings(in: text)
    // Whether a text is too deep must not depend on the seed.
    guard TemplateGroup.depth(of: closings) <= Self.depthLimit else {
      throw PromptTemplateError.tooDeep(limit: Self.depthLimit)
    }
    var drawn: [Unicode.Scalar] = []
    var position = text.startIndex
    while position < text.endIndex {
      if let end = closings[position], let group = TemplateGroup(text[position + 1..<end]) {
        drawn += try draw(group, depth: depth + 1)
        position = end + 1
      } else if let name = Self.listName(in: text, at: position) {
        let lines = try lists(name.text).map { TemplateOption(Array($0.unicodeScalars)[...]) }
        for line in choose(1, of: lines) { drawn += try draw(line.text, depth: depth + 1) }
        position = name.end
      } else {
        let end = min(text[position] == "\\" ? position + 2 : position + 1, text.endIndex)
        drawn += text[position..<end]
        length += end - position
        position = end
      }
      guard max(length, drawn.count) <= Self.lengthLimit else {
        throw PromptTemplateError.tooLong(limit: Self.lengthLimit)
      }
    }
    return drawn
  }

  private mutating func draw(_ group: TemplateGroup, depth: Int) throws -> [Unicode.Scalar] {
    var options = group.options
    // Several of a list are several of its lines.
    if group.options.count == 1,
      let name = Self.listName(in: options[0].text, at: options[0].text.startIndex),
      name.end == options[0].text.endIndex
    {
      options = try lists(name.text).map { TemplateOption(Array($0.unicodeScalars)[...]) }
    }
    let least = min(group.count.lowerBound, options.count)
    let most = min(group.count.upperBound, options.count)
    let count = least + Int(numbers.share() * Double(most - least + 1))
    let texts = try choose(count, of: options).map { try draw($0.text, depth: depth) }
    return Array(texts.joined(separator: Array(group.separator)))
  }

  /// Some options, none twice, by their weights.
  private mutating func choose(_ count: Int, of options: [TemplateOption]) -> [TemplateOption] {
    var left = options.filter { $0.weight > 0 }
    var chosen: [TemplateOption] = []
    while chosen.count < count, !left.isEmpty {
      var rest = numbers.share() * left.reduce(0) { $0 + $1.weight }
      let index = left.firstIndex { option in
        rest -= option.weight
        return rest < 0
      }
      chosen.append(left.remove(at: index ?? left.count - 1))
    }
    return chosen
  }

  /// The name of a list that begins at a position, as `__colours/warm__`, and where it ends.
  private static func listName(
    in text: ArraySlice<Unicode.Scalar>, at position: Int
  ) -> (text: String, end: Int)? {
    func isMark(_ position: Int) -> Bool {
      position + 1 < text.endIndex && text[position] == "_" && text[position + 1] == "_"
    }
    let first = position + 2
    guard first <= text.endIndex, position < text.endIndex, isMark(position) else { return nil }
    var end = first
    while end < text.endIndex, !isMark(end), isNamePart(text[end]) { end += 1 }
    guard end > first, end < text.endIndex, isMark(end) else { return nil }
    return (string(text[first..<end]), end + 2)
  }

  private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    "_-./*".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic
      || scalar.properties.numericType != nil
  }

  private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), which gives the same numbers everywhere.
private struct SplitMix64 {
  var state: UInt64

  /// The next number, 0 to below 1, in steps of 2^-53.
  mutating func share() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((mixed ^ mixed >> 31) >> 11) * 0x1p-53
  }
}
