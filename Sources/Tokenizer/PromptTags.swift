/// What prompts name besides words, by the notation of other programs: `<lora:name:0.8>`, `<lyco:…>` and `<hypernet:…>`
/// of A1111's web UI, `embedding:name` of ComfyUI. The text encoder must not read them as words.
enum PromptTags {
  private static let adapters = ["lora", "lyco", "hypernet"]
  private static let embedding = "embedding:"

  /// The text without them, and each of them.
  static func takenOut(of text: String) -> (text: String, tags: [String]) {
    // Most prompts have none.
    guard text.unicodeScalars.contains(":") else { return (text, []) }
    let scalars = Array(text.unicodeScalars)
    var (rest, tags) = (String.UnicodeScalarView(), [String]())
    var position = 0
    while position < scalars.count {
      if let end = adapterEnd(scalars, position) ?? embeddingEnd(scalars, position) {
        tags.append(String(String.UnicodeScalarView(scalars[position..<end])))
        position = end
      } else {
        rest.append(scalars[position])
        position += 1
      }
    }
    return (String(rest), tags)
  }

  private static func adapterEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    guard text[start] == "<",
      let kind = adapters.first(where: { begins(text, start + 1, with: $0 + ":") })
    else { return nil }
    let name = start + kind.unicodeScalars.count + 2
    let end = text[name...].firstIndex { "<>".unicodeScalars.contains($0) }
    guard let end, text[end] == ">", end > name else { return nil }
    return end + 1
  }

  private static func embeddingEnd(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    guard start == 0 || !isNamePart(text[start - 1]), begins(text, start, with: embedding) else { return nil }
    let name = start + embedding.unicodeScalars.count
    let end = text[name...].firstIndex { !isNamePart($0) } ?? text.count
    return end > name ? end : nil
  }

  private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    "_-./".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic
      || scalar.properties.numericType != nil
  }

  /// Whether the text goes on with these small letters, in whatever case.
  private static func begins(_ text: [Unicode.Scalar], _ start: Int, with word: String) -> Bool {
    let letters = Array(word.unicodeScalars)
    guard start + letters.count <= text.count else { return false }
    return zip(text[start...], letters).allSatisfy { $0.properties.lowercaseMapping == String($1) }
  }
}
