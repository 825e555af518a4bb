/// A header's value with parameters, such as `form-data; name="prompt"` or `image/png; q=0.5`.
struct ParameterizedValue: Equatable {
  /// What stands before the first semicolon, in small letters.
  let value: String
  /// Names in small letters; values without their quotation marks.
  let parameters: [String: String]

  /// Nil for an empty value, a parameter without "=", a quotation mark without its end, and a name that comes twice,
  /// since readers differ in which one they take.
  init?(_ text: some StringProtocol) {
    var pieces = Self.pieces(of: text, separator: ";")[...]
    value = pieces.popFirst().map(Self.trimmed)?.lowercased() ?? ""
    guard !value.isEmpty else { return nil }
    var parameters: [String: String] = [:]
    for piece in pieces {
      // `form-data; name="a";` ends in a semicolon with nothing behind it.
      if Self.trimmed(piece).isEmpty { continue }
      guard let equals = piece.firstIndex(of: "="),
        let value = Self.unquoted(Self.trimmed(piece[piece.index(after: equals)...])),
        parameters.updateValue(value, forKey: Self.trimmed(piece[..<equals]).lowercased()) == nil
      else { return nil }
    }
    self.parameters = parameters
  }

  /// The parts of a text between separators that stand outside of quotation marks.
  static func pieces(of text: some StringProtocol, separator: Unicode.Scalar) -> [Substring.UnicodeScalarView]
  {
    var isQuoted = false
    var isEscaped = false
    return Substring(text).unicodeScalars.split(omittingEmptySubsequences: false) { scalar in
      defer { isEscaped = isQuoted && !isEscaped && scalar == "\\" }
      if scalar == "\"", !isEscaped { isQuoted.toggle() }
      return scalar == separator && !isQuoted
    }
  }

  /// Without spaces and tabs around it.
  static func trimmed(_ text: Substring.UnicodeScalarView) -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
    let end = text.lastIndex { !isSpace($0) }.map(text.index(after:)) ?? text.startIndex
    return String(Substring(text[..<end].drop(while: isSpace)))
  }

  /// Escapes other than `\"` and `\\` stay: some clients send a whole path of Windows as a file's name.
  private static func unquoted(_ text: String) -> String? {
    guard text.unicodeScalars.first == "\"" else { return text }
    var content = String.UnicodeScalarView()
    var rest = text.unicodeScalars.dropFirst()
    while let scalar = rest.popFirst() {
      if scalar == "\"" { return rest.isEmpty ? String(content) : nil }
      if scalar == "\\", let next = rest.first, next == "\"" || next == "\\" {
        content.append(next)
        rest.removeFirst()
      } else {
        content.append(scalar)
      }
    }
    return nil
  }
}
