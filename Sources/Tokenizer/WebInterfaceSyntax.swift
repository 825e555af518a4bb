/// The syntax `a1111`.
struct WebInterfaceSyntax {
  private let text: [Unicode.Scalar]
  /// Square brackets that are literal, since they enclose something that is not supported.
  private var literalBrackets: Set<Int> = []
  private var warnings: [PromptWarning] = []

  private var result = WeightedText()
  /// The positions in `result` where the open brackets began.
  private var round: [Int] = []
  private var square: [Int] = []
  /// Where the text begins that is not in `result` yet.
  private var start = 0

  init(_ prompt: String) {
    text = Array(prompt.unicodeScalars)
    findUnsupported()
  }

  func parse() -> ParsedPrompt {
    var parser = self
    parser.run()
    return ParsedPrompt(parts: parser.result.parts, warnings: warnings)
  }

  private mutating func run() {
    var position = 0
    while position < text.count { position = step(position) }
    takeText(until: text.count, next: text.count)
    for first in round { result.multiply(from: first, by: Self.emphasis) }
    for first in square { result.multiply(from: first, by: 1 / Self.emphasis) }
  }

  private static let emphasis = 1.1

  /// Handles what is at `position` and returns where the next thing is.
  private mutating func step(_ position: Int) -> Int {
    if let first = round.last, let number = closingNumber(in: text, at: position, closing: ")") {
      round.removeLast()
      takeText(until: position, next: number.end)
      result.multiply(from: first, by: number.value)
      return number.end
    }
    switch text[position] {
    case "\\":
      takeText(until: position, next: position + 1)
      // The escaped character stays; a backslash before anything else is dropped.
      return isEscape(position) ? position + 2 : position + 1
    case "(":
      takeText(until: position, next: position + 1)
      round.append(result.position)
    case ")":
      guard let first = round.popLast() else { break }
      takeText(until: position, next: position + 1)
      result.multiply(from: first, by: Self.emphasis)
    case "[" where !literalBrackets.contains(position):
      takeText(until: position, next: position + 1)
      square.append(result.position)
    case "]" where !literalBrackets.contains(position):
      guard let first = square.popLast() else { break }
      takeText(until: position, next: position + 1)
      result.multiply(from: first, by: 1 / Self.emphasis)
    case "B" where isWord("BREAK", at: position):
      takeText(until: position, next: position + 5)
      result.appendBreak()
      return position + 5
    default: break
    }
    return position + 1
  }

  /// Moves the text before `end` into `result`; what follows begins at `next`.
  private mutating func takeText(until end: Int, next: Int) {
    result.append(text[start..<end])
    start = next
  }

  private func isEscape(_ position: Int) -> Bool {
    text[position] == "\\" && position + 1 < text.count
      && "()[]\\".unicodeScalars.contains(text[position + 1])
  }

  /// Whether `word` stands at `position` with no letter, digit or underscore next to it.
  private func isWord(_ word: String, at position: Int) -> Bool {
    guard text[position...].starts(with: word.unicodeScalars) else { return false }
    let end = position + word.unicodeScalars.count
    return (position == 0 || !isWordCharacter(text[position - 1]))
      && (end == text.count || !isWordCharacter(text[end]))
  }

  private func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}

// MARK: - What is not supported

extension WebInterfaceSyntax {
  /// What this syntax would understand, or name, and the syntax `weights` does not.
  var foreignMarks: [PromptWarning] {
    var marks = warnings.map { warning in
      switch warning {
      case .schedule(let text), .alternation(let text): text
      default: "AND"
      }
    }
    if text.indices.contains(where: { text[$0] == "B" && isWord("BREAK", at: $0) }) { marks.append("BREAK") }
    return marks.map(PromptWarning.foreign)
  }

  /// Finds schedules, alternatives and AND, and takes their brackets for literal.
  private mutating func findUnsupported() {
    var open: [(position: Int, hasBar: Bool)] = []
    var hasAnd = false
    var position = 0
    while position < text.count {
      if isEscape(position) {
        position += 2
        continue
      }
      switch text[position] {
      case "[": open.append((position, false))
      case "|" where !open.isEmpty: open[open.count - 1].hasBar = true
      case ":":
        if let first = open.last, let number = closingNumber(in: text, at: position, closing: "]") {
          report(PromptWarning.schedule, from: first.position, through: number.end - 1)
          open.removeLast()
          position = number.end
          continue
        }
      case "]":
        if let first = open.popLast(), first.hasBar {
          report(PromptWarning.alternation, from: first.position, through: position)
        }
      case "A": hasAnd = hasAnd || isWord("AND", at: position)
      default: break
      }
      position += 1
    }
    if hasAnd { warnings.append(.composition) }
  }

  private mutating func report(_ kind: (String) -> PromptWarning, from first: Int, through last: Int) {
    literalBrackets.formUnion([first, last])
    warnings.append(kind(String(String.UnicodeScalarView(text[first...last]))))
  }
}
