/// Turns text into the token ids of CLIP's text encoders, as the fast tokenizer of the transformers
/// library does: normal form C, lowercase by scalar, words by `WordSplitter`, byte pairs.
package struct CLIPTokenizer: Sendable {
  package let vocabulary: Vocabulary

  package init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  /// The ids of `text`, without start, end and padding. Any text is accepted.
  ///
  /// A special token spelled out in the text (`<|endoftext|>`, exactly so) becomes its id.
  package func encode(_ text: String) -> [Int32] {
    var operations = 0
    return encode(text, operations: &operations)
  }

  /// - Parameter operations: is increased by the number of byte pairs that were considered.
  package func encode(_ text: String, operations: inout Int) -> [Int32] {
    let scalars = Array(text.unicodeScalars)
    var pairs = BytePairs(vocabulary)
    var ids: [Int32] = []
    func appendWords(_ range: Range<Int>) {
      guard !range.isEmpty else { return }
      let words = WordSplitter(canonicalComposition(of: Array(scalars[range])))
      words.forEachWord { pairs.append($0, to: &ids) }
    }
    var start = 0
    var position = 0
    while position < scalars.count {
      guard let literal = vocabulary.literal(at: position, in: scalars) else {
        position += 1
        continue
      }
      appendWords(start..<position)
      ids.append(literal.id)
      position += literal.text.count
      start = position
    }
    appendWords(start..<scalars.count)
    operations += pairs.operations
    return ids
  }
}

extension Vocabulary {
  /// The longest literal that starts at `position`.
  fileprivate func literal(at position: Int, in text: [Unicode.Scalar]) -> Literal? {
    literals.first { $0.text.first == text[position] && text[position...].starts(with: $0.text) }
  }
}
