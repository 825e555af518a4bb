/// What becomes of text that does not fit into one sequence of the text encoder.
public enum PromptMode: String, Codable, Sendable, CaseIterable {
  /// It goes on in further sequences, each encoded by itself, joined along the tokens.
  case chunks
  /// It is cut, as in diffusers; start and end tokens stay.
  case truncate
}

/// Limits that are checked before a prompt costs time or memory.
package struct PromptLimits: Sendable {
  /// Unicode scalars in the text.
  package var characters = 10_000
  package var chunks = 32
  /// The largest magnitude of a weight.
  package var weight = 100.0

  package init() {}
}

/// A prompt as token ids, in sequences for the text encoder.
package struct TokenizedPrompt: Sendable, Equatable {
  /// One sequence: start, text, end, padding.
  package struct Chunk: Sendable, Equatable {
    /// `sequenceLength` ids.
    package let ids: [Int32]
    /// The weight of each id; 1 for all but text.
    package let weights: [Float]
  }

  /// At least one.
  package var chunks: [Chunk]
  /// Number of tokens of the whole text, those that were cut included.
  package let tokenCount: Int
  /// Number of tokens at the end of the text that were cut (`PromptMode.truncate`).
  package let cutTokenCount: Int
  /// What the syntax did not understand.
  package let warnings: [PromptWarning]

  /// Whether a weight differs from 1.
  package var isWeighted: Bool { chunks.contains { $0.weights.contains { $0 != 1 } } }
}

extension CLIPTokenizer {
  /// Reads a prompt and lays its tokens out in sequences for the text encoder.
  /// - Parameters:
  ///   - sequenceLength: tokens of one sequence (the encoder's `max_position_embeddings`).
  ///   - field: the name of the request's field, for errors.
  /// - Throws: `PromptError` if a limit is exceeded.
  package func tokenize(
    _ prompt: String, syntax: PromptSyntax, mode: PromptMode, sequenceLength: Int = 77,
    limits: PromptLimits = PromptLimits(), field: String = "prompt"
  ) throws(PromptError) -> TokenizedPrompt {
    guard sequenceLength >= 3 else { throw .sequenceLength(sequenceLength) }
    let characters = prompt.unicodeScalars.count
    guard characters <= limits.characters else {
      throw .tooManyCharacters(field: field, count: characters, limit: limits.characters)
    }
    let parsed = ParsedPrompt.parse(prompt, syntax: syntax)
    var layout = ChunkLayout(capacity: sequenceLength - 2, comma: vocabulary.id(of: ",</w>"))
    for part in parsed.parts {
      guard case .text(let text, let weight) = part else {
        if mode == .chunks { layout.startChunk() }
        continue
      }
      guard abs(weight) <= limits.weight else {
        throw .weight(field: field, value: weight, limit: limits.weight)
      }
      for id in encode(text) { layout.append(id, weight: Float(weight), breaking: mode == .chunks) }
    }
    layout.finish()
    guard layout.chunks.count <= limits.chunks else {
      throw .tooManyChunks(field: field, limit: limits.chunks, tokensPerChunk: sequenceLength - 2)
    }
    return TokenizedPrompt(
      chunks: layout.chunks.map { chunk($0, sequenceLength: sequenceLength) }, tokenCount: layout.tokenCount,
      cutTokenCount: layout.cutTokenCount, warnings: parsed.warnings)
  }

  /// `prompt` with chunks of no text at its end, so that it has at least `count`: the conditional and
  /// the unconditional half of guidance need equally many tokens.
  package func padded(_ prompt: TokenizedPrompt, toChunks count: Int) -> TokenizedPrompt {
    var result = prompt
    let empty = chunk([], sequenceLength: prompt.chunks.first?.ids.count ?? 77)
    while result.chunks.count < count { result.chunks.append(empty) }
    return result
  }

  private func chunk(_ tokens: [ChunkLayout.Token], sequenceLength: Int) -> TokenizedPrompt.Chunk {
    let padding = sequenceLength - 2 - tokens.count
    return TokenizedPrompt.Chunk(
      ids: [vocabulary.startToken] + tokens.map(\.id) + [vocabulary.endToken]
        + [Int32](repeating: vocabulary.padToken, count: padding),
      weights: [1] + tokens.map(\.weight) + [Float](repeating: 1, count: padding + 1))
  }
}

/// Distributes tokens over chunks. A full chunk ends after the last comma if that is among its last 20
/// tokens, so that a phrase is not torn (AUTOMATIC1111's rule).
private struct ChunkLayout {
  struct Token {
    let id: Int32
    let weight: Float
  }

  private static let commaReach = 20

  let capacity: Int
  let comma: Int32?
  private(set) var chunks: [[Token]] = []
  private(set) var tokenCount = 0
  private(set) var cutTokenCount = 0
  private var current: [Token] = []
  private var lastComma: Int?

  init(capacity: Int, comma: Int32?) {
    self.capacity = capacity
    self.comma = comma
  }

  /// - Parameter breaking: whether a token beyond the capacity starts a new chunk or is cut.
  mutating func append(_ id: Int32, weight: Float, breaking: Bool) {
    tokenCount += 1
    if current.count == capacity {
      guard breaking else {
        cutTokenCount += 1
        return
      }
      breakChunk(before: id)
    }
    if id == comma { lastComma = current.count }
    current.append(Token(id: id, weight: weight))
  }

  private mutating func breakChunk(before id: Int32) {
    var moved: ArraySlice<Token> = []
    if id != comma, let lastComma, capacity - lastComma <= Self.commaReach {
      moved = current[(lastComma + 1)...]
      current.removeLast(moved.count)
    }
    startChunk()
    current = Array(moved)
  }

  mutating func startChunk() {
    chunks.append(current)
    current = []
    lastComma = nil
  }

  mutating func finish() {
    if !current.isEmpty || chunks.isEmpty { startChunk() }
  }
}
