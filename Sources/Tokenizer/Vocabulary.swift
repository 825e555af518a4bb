import ClipVocabulary
import SystemFiles

/// A CLIP byte-pair vocabulary: the ids of symbols and tokens and the order in which pairs merge.
package struct Vocabulary: Sendable {
  /// What a pair of neighbouring symbols becomes; pairs of lower rank merge first.
  struct Merge: Equatable {
    let rank: UInt32
    let id: Int32
  }

  /// Text that stands for one id wherever it occurs, before anything else is looked at.
  struct Literal {
    let text: [Unicode.Scalar]
    let id: Int32
  }

  package static let startText = "<|startoftext|>"
  package static let endText = "<|endoftext|>"

  private let ids: [String: Int32]
  /// Ids of the 256 bytes, within a word and at its end.
  let symbols: [Int32]
  let finalSymbols: [Int32]
  let merges: [UInt64: Merge]
  /// Longest first.
  private(set) var literals: [Literal]
  /// Id of `<|startoftext|>`, the first of every sequence.
  package let startToken: Int32
  /// Id of `<|endoftext|>`, which follows the text.
  package let endToken: Int32
  /// Id that fills the rest of a sequence.
  package private(set) var padToken: Int32
  /// One more than the largest id: the least number of rows of a fitting token embedding.
  package let count: Int

  /// The id of a token as vocabulary files spell it (`cat</w>`), if there is one.
  package func id(of token: String) -> Int32? { ids[token] }

  /// The vocabulary of OpenAI's CLIP, which all Stable Diffusion models use: 49,408 ids.
  /// - Parameter padToken: the token that fills sequences; `nil` for `<|endoftext|>` (Stable
  ///   Diffusion 1, SDXL's first encoder), `!` for OpenCLIP's encoders. As in diffusers, a pad token
  ///   that occurs in a text is taken literally.
  /// - Throws: `VocabularyError` if `padToken` is not in the vocabulary.
  package static func clip(padToken: String? = nil) throws(VocabularyError) -> Vocabulary {
    var vocabulary = try builtIn.get()
    if let padToken {
      guard let id = vocabulary.id(of: padToken) else {
        throw .malformed(
          file: builtInName, place: "pad_token", problem: "\"\(padToken)\" is not in the vocabulary")
      }
      vocabulary.setPadToken(padToken, id: id)
    }
    return vocabulary
  }

  static func pair(_ first: Int32, _ second: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
  }

  private mutating func setPadToken(_ text: String, id: Int32) {
    padToken = id
    addLiteral(text, id: id)
  }

  private mutating func addLiteral(_ text: String, id: Int32) {
    let scalars = Array(text.unicodeScalars)
    guard !scalars.isEmpty, !literals.contains(where: { $0.text == scalars }) else { return }
    literals.append(Literal(text: scalars, id: id))
    literals.sort { $0.text.count > $1.text.count }
  }
}

/// The contents of a vocabulary's files, as they were read.
struct VocabularySource {
  /// A merge and the line or field that it came from.
  struct Pair {
    let first: String
    let second: String
  }

  /// The file with the tokens and its field or line, for errors.
  var tokensFile: String
  var tokensPlace: String
  /// The file with the merges, and where its n-th merge is.
  var mergesFile: String
  var mergePlace: (Int) -> String

  var tokens: [String: Int32]
  var merges: [Pair]
  /// Tokens that are matched as literals, besides start and end.
  var added: [String: Int32] = [:]
  var padToken: SpecialToken?
  var unknownToken: SpecialToken?

  /// A token that plays a part, and the file that says so.
  struct SpecialToken {
    let text: String
    let file: String
    let field: String
  }
}

extension Vocabulary {
  init(_ source: VocabularySource) throws(VocabularyError) {
    var ids = source.tokens
    for (text, id) in source.added where ids[text] == nil { ids[text] = id }
    func required(_ text: String) throws(VocabularyError) -> Int32 {
      if let id = ids[text] { return id }
      throw .malformed(
        file: source.tokensFile, place: source.tokensPlace,
        problem: "has no token \"\(text)\", expected in CLIP's format")
    }
    func special(_ token: VocabularySource.SpecialToken) throws(VocabularyError) -> Int32 {
      if let id = ids[token.text] { return id }
      throw .malformed(
        file: token.file, place: token.field, problem: "\"\(token.text)\" is not in the vocabulary")
    }

    startToken = try required(Self.startText)
    endToken = try required(Self.endText)
    padToken = endToken
    let unknown = if let token = source.unknownToken { try special(token) } else { endToken }
    symbols = Self.byteSymbols.map { ids[$0] ?? unknown }
    finalSymbols = Self.byteSymbols.map { ids[$0 + Self.wordEnd] ?? unknown }
    merges = try Self.merges(of: source, ids: ids)
    count = Int(ids.values.max() ?? 0) + 1
    self.ids = ids
    literals = []
    addLiteral(Self.startText, id: startToken)
    addLiteral(Self.endText, id: endToken)
    for text in source.added.keys { if let id = ids[text] { addLiteral(text, id: id) } }
    if let token = source.unknownToken { addLiteral(token.text, id: unknown) }
    if let token = source.padToken { setPadToken(token.text, id: try special(token)) }
  }

  private static func merges(
    of source: VocabularySource, ids: [String: Int32]
  ) throws(VocabularyError) -> [UInt64: Merge] {
    var merges = [UInt64: Merge](minimumCapacity: source.merges.count)
    for (index, merge) in source.merges.enumerated() {
      func id(_ text: String) throws(VocabularyError) -> Int32 {
        if let id = ids[text] { return id }
        throw .malformed(
          file: source.mergesFile, place: source.mergePlace(index),
          problem: "\"\(text)\" is not in the vocabulary")
      }
      guard let rank = UInt32(exactly: index) else { break }
      let pair = Self.pair(try id(merge.first), try id(merge.second))
      merges[pair] = Merge(rank: rank, id: try id(merge.first + merge.second))
    }
    return merges
  }
}

// MARK: - The built-in vocabulary

extension Vocabulary {
  static let wordEnd = "</w>"
  private static let builtInName = "built-in CLIP vocabulary"

  /// The visible character that stands for each byte in vocabulary files: itself where it is
  /// printable Latin-1, else the next one from U+0100 on (the rule of GPT-2's encoder).
  static let byteSymbols: [String] = {
    var spare: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      if isPrintable(byte) { return String(Unicode.Scalar(byte)) }
      defer { spare += 1 }
      return Unicode.Scalar(spare).map { String($0) } ?? ""
    }
  }()

  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case 33...126, 161...172, 174...255: true
    default: false
    }
  }

  private static let builtIn = Result { () throws(VocabularyError) in try Vocabulary(builtInSource()) }

  /// Ids count printable bytes, other bytes, the same at the end of words, merges, start and end.
  private static func builtInSource() throws(VocabularyError) -> VocabularySource {
    var size = 0
    let compressed = clip_merges_gz(&size)
    guard let bytes = inflated(UnsafeBufferPointer(start: compressed, count: size), limit: 1 << 24) else {
      throw .unreadable(file: builtInName, reason: "damaged: cannot be decompressed")
    }
    let pairs = try mergePairs(bytes, file: builtInName)
    let bytesInOrder =
      (UInt8.min...UInt8.max).filter(isPrintable) + (UInt8.min...UInt8.max).filter { !isPrintable($0) }
    let symbols = bytesInOrder.map { byteSymbols[Int($0)] }
    let texts =
      symbols + symbols.map { $0 + wordEnd } + pairs.pairs.map { $0.first + $0.second } + [
        startText, endText,
      ]
    var tokens = [String: Int32](minimumCapacity: texts.count)
    for (id, text) in zip(Int32(0)..., texts) { tokens[text] = id }
    return VocabularySource(
      tokensFile: builtInName, tokensPlace: "tokens", mergesFile: builtInName, mergePlace: { "merge \($0)" },
      tokens: tokens, merges: pairs.pairs)
  }
}
