import FoundationEssentials

extension Vocabulary {
  /// Reads the `tokenizer/` folder of a model: `tokenizer.json`, else `vocab.json` and `merges.txt`
  /// (with `added_tokens.json`, if there is one). The pad and unknown tokens are those of
  /// `special_tokens_map.json`, else of `tokenizer_config.json`, else `<|endoftext|>`.
  ///
  /// Added tokens are matched letter by letter wherever they occur.
  /// - Throws: `VocabularyError` naming the file and its field or line.
  package static func load(_ folder: VocabularyFolder) throws(VocabularyError) -> Vocabulary {
    var found = try readTokenizer(folder)
    if found == nil { found = try readPair(folder) }
    guard var source = found else {
      throw .unreadable(
        file: folder.path, reason: "no tokenizer here: expected tokenizer.json, or vocab.json and merges.txt")
    }
    var ends: Set<String> = []
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
      guard let special = try decode(SpecialTokens.self, folder, name) else { continue }
      let file = folder.path(name)
      for (field, entry, expected) in special.ends where ends.insert(field).inserted && entry.text != expected
      {
        throw .malformed(file: file, place: field, problem: "is \"\(entry.text)\"; expected \"\(expected)\"")
      }
      source.padToken = source.padToken ?? special.padToken?.token(file: file, field: "pad_token")
      source.unknownToken =
        source.unknownToken ?? special.unknownToken?.token(file: file, field: "unk_token")
    }
    return try Vocabulary(source)
  }

  /// Splits the lines of a `merges.txt`; lines that start with `#version` and empty ones are skipped.
  /// - Returns: the pairs, and the number of each one's line, counted from 1.
  static func mergePairs(
    _ bytes: [UInt8], file: String
  ) throws(VocabularyError) -> (pairs: [VocabularySource.Pair], lines: [Int]) {
    var pairs: [VocabularySource.Pair] = []
    var numbers: [Int] = []
    for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      guard var text = String(validating: line, as: UTF8.self) else {
        throw .malformed(file: file, place: "line \(index + 1)", problem: "is not UTF-8")
      }
      if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
      if text.isEmpty || text.hasPrefix("#version") { continue }
      guard let pair = VocabularySource.Pair(text) else {
        throw .malformed(file: file, place: "line \(index + 1)", problem: VocabularySource.Pair.expectation)
      }
      pairs.append(pair)
      numbers.append(index + 1)
    }
    return (pairs, numbers)
  }

  private static func readTokenizer(_ folder: VocabularyFolder) throws(VocabularyError) -> VocabularySource? {
    guard let file = try decode(TokenizerFile.self, folder, "tokenizer.json") else { return nil }
    let path = folder.path("tokenizer.json")
    if let type = file.model.type, type != "BPE" {
      throw .malformed(file: path, place: "model.type", problem: "is \"\(type)\"; expected \"BPE\"")
    }
    let suffix = file.model.endOfWordSuffix
    guard suffix == wordEnd else {
      throw .malformed(
        file: path, place: "model.end_of_word_suffix",
        problem: "is \"\(suffix ?? "")\"; expected \"\(wordEnd)\"")
    }
    var added: [String: Int32] = [:]
    for token in file.addedTokens ?? [] { added[token.content] = token.id.value }
    return VocabularySource(
      tokensFile: path, tokensPlace: "model.vocab", mergesFile: path, mergePlace: { "model.merges[\($0)]" },
      tokens: file.model.vocabulary.mapValues(\.value), merges: file.model.merges,
      added: added)
  }

  private static func readPair(_ folder: VocabularyFolder) throws(VocabularyError) -> VocabularySource? {
    guard let tokens = try decode([String: TokenID].self, folder, "vocab.json") else { return nil }
    let mergesFile = folder.path("merges.txt")
    guard let merges = try folder.read("merges.txt") else {
      throw .unreadable(file: mergesFile, reason: "cannot be read: no such file")
    }
    let (pairs, lines) = try mergePairs(merges, file: mergesFile)
    let added = try decode([String: TokenID].self, folder, "added_tokens.json") ?? [:]
    return VocabularySource(
      tokensFile: folder.path("vocab.json"), tokensPlace: "tokens", mergesFile: mergesFile,
      mergePlace: { "line \(lines[$0])" },
      tokens: tokens.mapValues(\.value), merges: pairs,
      added: added.mapValues(\.value))
  }
}

// MARK: - Files

/// Where the files of a tokenizer are: on disk or in memory.
package struct VocabularyFolder {
  /// The largest file that is read: some ten times CLIP's own.
  private static let sizeLimit = 64 << 20

  /// What messages call the folder.
  package let path: String
  private let contents: (_ name: String) throws -> [UInt8]?

  /// - Parameter contents: the bytes of a file of the folder, or nil if there is none of that name.
  package init(_ path: String, contents: @escaping (_ name: String) throws -> [UInt8]?) {
    self.path = path
    self.contents = contents
  }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  func read(_ name: String) throws(VocabularyError) -> [UInt8]? {
    let bytes: [UInt8]?
    do {
      bytes = try contents(name)
    } catch let error as VocabularyError {
      throw error
    } catch {
      throw .unreadable(file: path(name), reason: "cannot be read: \(error)")
    }
    guard bytes?.count ?? 0 <= VocabularyFolder.sizeLimit else {
      throw .unreadable(file: path(name), reason: "is larger than \(VocabularyFolder.sizeLimit) bytes")
    }
    return bytes
  }
}

extension Vocabulary {
  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ folder: VocabularyFolder, _ name: String
  ) throws(VocabularyError) -> Value? {
    guard let bytes = try folder.read(name) else { return nil }
    let decoder = JSONDecoder()
    // Python writes NaN and Infinity, which JSON does not have.
    decoder.allowsJSON5 = Value.self == SpecialTokens.self
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw malformed(folder.path(name), error)
    } catch {
      throw .malformed(file: folder.path(name), place: "file", problem: "\(error)")
    }
  }

  private static func malformed(_ file: String, _ error: DecodingError) -> VocabularyError {
    let (context, key): (DecodingError.Context, (any CodingKey)?) =
      switch error {
      case .keyNotFound(let key, let context): (context, key)
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        (context, nil)
      @unknown default: (.init(codingPath: [], debugDescription: "\(error)"), nil)
      }
    var place = ""
    for step in context.codingPath + (key.map { [$0] } ?? []) {
      place += step.intValue.map { "[\($0)]" } ?? (place.isEmpty ? "" : ".") + step.stringValue
    }
    return .malformed(
      file: file, place: place.isEmpty ? "file" : place,
      problem: key == nil ? context.debugDescription : "is missing")
  }
}

/// A token's id. It is read as a `Double`, since a number that is not an `Int32` would be reported without
/// its place.
private struct TokenID: Decodable {
  let value: Int32

  init(from decoder: any Decoder) throws {
    let number = try decoder.singleValueContainer().decode(Double.self)
    guard let value = Int32(exactly: number), value >= 0 else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath, debugDescription: "id \(number); expected a whole number from 0 on")
      )
    }
    self.value = value
  }
}

/// The parts of a `tokenizer.json` that differ between vocabularies.
private struct TokenizerFile: Decodable {
  struct Model: Decodable {
    let type: String?
    let endOfWordSuffix: String?
    let vocabulary: [String: TokenID]
    let merges: [VocabularySource.Pair]

    enum CodingKeys: String, CodingKey {
      case type
      case endOfWordSuffix = "end_of_word_suffix"
      case vocabulary = "vocab"
      case merges
    }
  }

  struct AddedToken: Decodable {
    let id: TokenID
    let content: String
  }

  let model: Model
  let addedTokens: [AddedToken]?

  enum CodingKeys: String, CodingKey {
    case model
    case addedTokens = "added_tokens"
  }
}

/// What `special_tokens_map.json` and `tokenizer_config.json` have in common.
private struct SpecialTokens: Decodable {
  /// A token's text, alone or as the `content` of an object.
  struct Entry: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        self.text = text
      } else {
        text = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .content)
      }
    }

    enum CodingKeys: String, CodingKey { case content }

    func token(file: String, field: String) -> VocabularySource.SpecialToken {
      VocabularySource.SpecialToken(text: text, file: file, field: field)
    }
  }

  let padToken: Entry?
  let unknownToken: Entry?
  private let startToken: Entry?
  private let endToken: Entry?

  enum CodingKeys: String, CodingKey {
    case padToken = "pad_token"
    case unknownToken = "unk_token"
    case startToken = "bos_token"
    case endToken = "eos_token"
  }

  /// The fields of the tokens at both ends of a sequence, which are what CLIP has.
  var ends: [(field: String, entry: Entry, expected: String)] {
    [
      (CodingKeys.startToken.rawValue, startToken, Vocabulary.startText),
      (CodingKeys.endToken.rawValue, endToken, Vocabulary.endText),
    ].compactMap { field, entry, expected in entry.map { (field, $0, expected) } }
  }
}

extension VocabularySource.Pair: Decodable {
  static let expectation = "expected two tokens separated by a space"

  /// - Parameter text: two tokens separated by a space.
  init?(_ text: String) {
    let parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    self.init(first: String(parts[0]), second: String(parts[1]))
  }

  /// Reads either form: `"a b"` or `["a", "b"]`.
  init(from decoder: any Decoder) throws {
    if let parts = try? decoder.singleValueContainer().decode([String].self) {
      guard parts.count == 2 else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "expected two tokens, found \(parts.count)")
        )
      }
      self.init(first: parts[0], second: parts[1])
      return
    }
    guard let pair = Self(try decoder.singleValueContainer().decode(String.self)) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: Self.expectation))
    }
    self = pair
  }
}
