/// How the text of a prompt is read.
public enum PromptSyntax: String, Codable, Sendable, CaseIterable {
  /// Every character is literal, as in diffusers.
  case plain
  /// `(text:1.3)` multiplies the weight of `text`. Groups nest and multiply. All other parentheses are literal. A
  /// backslash makes `( ) { } | \` and `__` literal and is dropped; before anything else it is literal itself. Choices
  /// (`PromptTemplate`) are made before the text comes here, and adapters (`PromptTags`) are taken out.
  case weights
  /// The syntax of AUTOMATIC1111's web interface: `(text)` × 1.1, `[text]` ÷ 1.1, `(text:1.3)` × 1.3; a
  /// backslash makes `( ) [ ] \` literal and is dropped elsewhere; what is not closed ends with the
  /// prompt; the word BREAK starts a new chunk. Schedules, alternatives and AND are not supported:
  /// they are taken literally, with a `PromptWarning`. Choices and adapters are as in `weights`.
  case a1111
}

/// Something in a prompt that is not done as its writer probably meant it.
package enum PromptWarning: Sendable, Equatable, CustomStringConvertible {
  /// `[from:to:0.5]`, a prompt that changes during sampling.
  case schedule(String)
  /// `[a|b]`, prompts that take turns.
  case alternation(String)
  /// AND, several prompts at once.
  case composition
  /// `<lora:name:0.8>` and the like: left out, since no file is applied.
  case adapter(String)
  /// A mark of the web interface in a prompt of the syntax `weights`.
  case foreign(String)

  package var description: String {
    switch self {
    case .schedule(let text): "prompt schedules are not supported; taken literally: \(text)"
    case .alternation(let text): "alternating prompts are not supported; taken literally: \(text)"
    case .composition: "combining prompts with AND is not supported; the word is taken literally"
    case .adapter(let tag):
      "\(tag) is not applied: LoRAs, hypernetworks and embeddings are not supported; it is left out"
    case .foreign(let mark): "\(mark) is taken literally; it means something with prompt_syntax a1111"
    }
  }
}

/// A prompt taken apart: texts with their weights, in order.
struct ParsedPrompt: Equatable {
  enum Part: Equatable {
    case text(String, weight: Double)
    /// The following text starts a new chunk.
    case chunkBreak
  }

  var parts: [Part]
  var warnings: [PromptWarning] = []

  static func parse(_ text: String, syntax: PromptSyntax) -> ParsedPrompt {
    guard syntax != .plain else { return ParsedPrompt(parts: [.text(text, weight: 1)]) }
    let (text, tags) = PromptTags.takenOut(of: text)
    let web = WebInterfaceSyntax(text)
    var parsed: ParsedPrompt
    if syntax == .a1111 {
      parsed = web.parse()
    } else {
      let weights = ExplicitWeights(text)
      let emphasis = weights.hasBareEmphasis ? [PromptWarning.foreign("((")] : []
      parsed = ParsedPrompt(parts: weights.parts(), warnings: web.foreignMarks + emphasis)
    }
    parsed.warnings = tags.map(PromptWarning.adapter) + parsed.warnings
    return parsed
  }
}

/// Collects pieces of text while the brackets around them are still open.
struct WeightedText {
  private var pieces: [(text: String.UnicodeScalarView, weight: Double, isBreak: Bool)] = []

  /// Where the next piece will be: what an opening bracket remembers.
  var position: Int { pieces.count }

  mutating func append(_ scalars: ArraySlice<Unicode.Scalar>) {
    guard !scalars.isEmpty else { return }
    pieces.append((String.UnicodeScalarView(scalars), 1, false))
  }

  mutating func appendBreak() { pieces.append((.init(), 1, true)) }

  /// Multiplies the weight of everything since `position`.
  mutating func multiply(from position: Int, by factor: Double) {
    for index in position..<pieces.count { pieces[index].weight *= factor }
  }

  /// The pieces, with neighbours of equal weight joined (their tokens may span both).
  var parts: [ParsedPrompt.Part] {
    var parts: [ParsedPrompt.Part] = []
    var text = String.UnicodeScalarView()
    var weight = 1.0
    func flush() {
      if !text.isEmpty { parts.append(.text(String(text), weight: weight)) }
      text = .init()
    }
    for piece in pieces {
      if piece.isBreak || piece.weight != weight { flush() }
      if piece.isBreak { parts.append(.chunkBreak) }
      weight = piece.weight
      text.append(contentsOf: piece.text)
    }
    flush()
    return parts
  }
}

/// Reads `: 1.3 )`: a number between the colon at `position` and `closing`, with optional space around.
/// - Returns: the number (infinite if too large) and the position after `closing`.
func closingNumber(
  in text: [Unicode.Scalar], at position: Int, closing: Unicode.Scalar
) -> (value: Double, end: Int)? {
  guard text[position] == ":" else { return nil }
  func skipSpace(_ start: Int) -> Int {
    text[start...].firstIndex { !$0.properties.isWhitespace } ?? text.count
  }
  let start = skipSpace(position + 1)
  let end = text[start...].firstIndex { !"+-.0123456789".unicodeScalars.contains($0) } ?? text.count
  let close = skipSpace(end)
  guard close < text.count, text[close] == closing,
    let value = Double(String(String.UnicodeScalarView(text[start..<end])))
  else { return nil }
  return (value, close + 1)
}

/// The syntax `weights`.
private struct ExplicitWeights {
  private let text: [Unicode.Scalar]
  /// Opening parentheses of groups, and the colons that end them with the number and where it ends.
  private var opens: Set<Int> = []
  private var closes: [Int: (factor: Double, end: Int)] = [:]

  init(_ prompt: String) {
    text = Array(prompt.unicodeScalars)
    var open: [Int] = []
    var position = 0
    while position < text.count {
      if isEscape(position) {
        position += 2
        continue
      }
      if text[position] == "(" { open.append(position) }
      if text[position] == ")" { _ = open.popLast() }
      if let start = open.last, let number = closingNumber(in: text, at: position, closing: ")") {
        open.removeLast()
        opens.insert(start)
        closes[position] = (number.value, number.end)
        position = number.end
        continue
      }
      position += 1
    }
  }

  func parts() -> [ParsedPrompt.Part] {
    var result = WeightedText()
    var open: [Int] = []
    var start = 0
    var position = 0
    while position < text.count {
      if isEscape(position) {
        result.append(text[start..<position])
        start = position + 1
        position += 2
      } else if opens.contains(position) {
        result.append(text[start..<position])
        open.append(result.position)
        position += 1
        start = position
      } else if let close = closes[position], let first = open.popLast() {
        result.append(text[start..<position])
        result.multiply(from: first, by: close.factor)
        position = close.end
        start = position
      } else {
        position += 1
      }
    }
    result.append(text[start...])
    return result.parts
  }

  /// Whether there are double parentheses that are no groups, as for emphasis in the web interface.
  var hasBareEmphasis: Bool {
    text.indices.dropLast().contains { index in
      text[index] == "(" && text[index + 1] == "(" && opens.isDisjoint(with: [index, index + 1])
        && (index == 0 || text[index - 1] != "\\")
    }
  }

  /// Whether a backslash at `position` makes what follows literal.
  private func isEscape(_ position: Int) -> Bool {
    guard text[position] == "\\", position + 1 < text.count else { return false }
    if text[position + 1] == "_" { return position + 2 < text.count && text[position + 2] == "_" }
    return "(){}|\\".unicodeScalars.contains(text[position + 1])
  }
}
