/// Splits text into the words that byte pairs are merged within.
///
/// The rule is that of CLIP's fast tokenizer: the regular expression
/// `<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+` over text in
/// normal form C, lowercased scalar by scalar (so Σ is always σ). Whitespace only separates. The
/// fast tokenizer splits a second time, which takes the two literals apart into `<|`, letters, `|>`.
package struct WordSplitter {
  private enum Kind { case letter, number, space, other }

  private let scalars: [Unicode.Scalar]
  private let kinds: [Kind]

  /// - Parameter text: scalars in normal form C, in any case.
  package init(_ text: [Unicode.Scalar]) {
    var lowercase: [Unicode.Scalar] = []
    lowercase.reserveCapacity(text.count)
    for scalar in text {
      if scalar.properties.changesWhenLowercased {
        lowercase.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      } else {
        lowercase.append(scalar)
      }
    }
    scalars = lowercase
    kinds = lowercase.map(Self.kind)
  }

  /// Calls `body` with the UTF-8 bytes of each word, in order.
  package func forEachWord(_ body: ([UInt8]) -> Void) {
    var bytes: [UInt8] = []
    var position = 0
    var bound = scalars.count
    while position < scalars.count {
      if kinds[position] == .space {
        position += 1
        continue
      }
      if position >= bound { bound = scalars.count }
      if let length = literalLength(at: position) { bound = position + length }
      let end = wordEnd(from: position, bound: bound)
      bytes.removeAll(keepingCapacity: true)
      for scalar in scalars[position..<end] { bytes.append(contentsOf: scalar.utf8) }
      body(bytes)
      position = end
    }
  }

  private func wordEnd(from start: Int, bound: Int) -> Int {
    if let length = contractionLength(at: start) { return start + length }
    let kind = kinds[start]
    if kind == .number { return start + 1 }
    var end = start + 1
    while end < bound && kinds[end] == kind { end += 1 }
    return end
  }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
    Array($0.unicodeScalars)
  }
  private static let literals = [Vocabulary.startText, Vocabulary.endText].map { Array($0.unicodeScalars) }

  private func contractionLength(at position: Int) -> Int? {
    guard scalars[position] == "'" else { return nil }
    return Self.contractions.first { scalars[position...].starts(with: $0) }?.count
  }

  private func literalLength(at position: Int) -> Int? {
    guard scalars[position] == "<" else { return nil }
    return Self.literals.first { scalars[position...].starts(with: $0) }?.count
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    switch scalar.value {
    case 0x61...0x7A, 0x41...0x5A: return .letter
    case 0x30...0x39: return .number
    case 0x20, 0x09...0x0D: return .space
    case ..<0x80: return .other
    default: break
    }
    // The tables of the reference (tokenizers 0.23) end with Unicode 16; a fixed version also keeps
    // ids the same from one Swift release to the next.
    if let age = scalar.properties.age, age.major > 16 { return .other }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return scalar.properties.isWhitespace ? .space : .other
    }
  }
}
