/// What stands between a pair of braces: options, and how many of them are taken.
struct TemplateGroup {
  private(set) var options: [TemplateOption]
  private(set) var count = 1...1
  private(set) var separator: ArraySlice<Unicode.Scalar> = [",", " "]

  /// Nil if there is nothing to choose: no bar and no `$$`.
  init?(_ text: ArraySlice<Unicode.Scalar>) {
    var text = text
    let head = TemplateGroup.head(of: text)
    if let head { text = text[head.end...] }
    let bars = TemplateGroup.bars(in: text)
    guard head != nil || !bars.isEmpty else { return nil }
    if let head {
      // A second mark, in the first option, ends what stands between the options.
      if let mark = TemplateGroup.mark(in: text[..<(bars.first ?? text.endIndex)]) {
        separator = text[..<mark]
        text = text[(mark + 2)...]
      }
      count = head.count
    }
    let edges = [text.startIndex - 1] + bars + [text.endIndex]
    options = zip(edges, edges.dropFirst()).map { TemplateOption(text[$0 + 1..<$1]) }
  }

  /// Where each pair of braces closes, by where it opens.
  static func closings(in text: ArraySlice<Unicode.Scalar>) -> [Int: Int] {
    var closings: [Int: Int] = [:]
    var open: [Int] = []
    walk(text) { position in
      if text[position] == "{" { open.append(position) }
      if text[position] == "}", let start = open.popLast() { closings[start] = position }
    }
    return closings
  }

  /// How many pairs of braces stand within each other.
  static func depth(of closings: [Int: Int]) -> Int {
    var (ends, depth): ([Int], Int) = ([], 0)
    for (start, end) in closings.sorted(by: { $0.key < $1.key }) {
      while let last = ends.last, last < start { ends.removeLast() }
      ends.append(end)
      depth = max(depth, ends.count)
    }
    return depth
  }

  /// The bars that no inner pair of braces holds.
  private static func bars(in text: ArraySlice<Unicode.Scalar>) -> [Int] {
    var depth = 0
    var bars: [Int] = []
    walk(text) { position in
      switch text[position] {
      case "{": depth += 1
      case "}": depth -= 1
      case "|" where depth == 0: bars.append(position)
      default: break
      }
    }
    return bars
  }

  /// Calls `body` for all positions but those of backslashes and what they make literal.
  private static func walk(_ text: ArraySlice<Unicode.Scalar>, _ body: (Int) -> Void) {
    var position = text.startIndex
    while position < text.endIndex {
      guard text[position] != "\\" else {
        position += 2
        continue
      }
      body(position)
      position += 1
    }
  }

  /// The first `$$`.
  private static func mark(in text: ArraySlice<Unicode.Scalar>) -> Int? {
    text.indices.dropLast().first { text[$0] == "$" && text[$0 + 1] == "$" }
  }

  /// `2$$`, `1-2$$`, `-2$$` or `1-$$`: how many options, and where the first begins.
  private static func head(of text: ArraySlice<Unicode.Scalar>) -> (count: ClosedRange<Int>, end: Int)? {
    guard let mark = mark(in: text) else { return nil }
    let parts = text[..<mark].split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.map { part in
      // More options than that are no prompt.
      part.count <= 4 && part.allSatisfy { ("0"..."9").contains($0) }
        ? Int(String(String.UnicodeScalarView(part))) ?? -1 : -2
    }
    switch (numbers.count, numbers.first, numbers.last) {
    case (1, let count?, _) where count >= 0: return (count...count, mark + 2)
    case (2, let least?, let most?) where least > -2 && most > -2:
      let (low, high) = (least < 0 ? 1 : least, most < 0 ? Int.max : most)
      return (min(low, high)...max(low, high), mark + 2)
    default: return nil
    }
  }
}

/// One of several texts, as `3::text`.
struct TemplateOption {
  /// Without spaces around it.
  let text: ArraySlice<Unicode.Scalar>
  /// How often it is taken, beside the others.
  private(set) var weight = 1.0

  init(_ whole: ArraySlice<Unicode.Scalar>) {
    let rest = TemplateOption.trimmed(whole)
    let end = rest.firstIndex { !("0"..."9").contains($0) && $0 != "." } ?? rest.endIndex
    if end > rest.startIndex, end + 1 < rest.endIndex, rest[end] == ":", rest[end + 1] == ":",
      let number = Double(String(String.UnicodeScalarView(rest[..<end]))), number.isFinite
    {
      weight = min(number, 1e9)
      text = TemplateOption.trimmed(rest[(end + 2)...])
    } else {
      text = rest
    }
  }

  private static func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
    let start = text.drop { $0.properties.isWhitespace }
    let end = start.lastIndex { !$0.properties.isWhitespace }
    return end.map { start[...$0] } ?? start[start.startIndex..<start.startIndex]
  }
}
