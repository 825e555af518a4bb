import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite struct ChunkTests {
  private let tokenizer: CLIPTokenizer

  init() throws { tokenizer = CLIPTokenizer(try .clip()) }

  /// `count` words of one token each.
  private func words(_ count: Int) -> String {
    [String](repeating: "cat", count: count).joined(separator: " ")
  }

  /// The text tokens of each chunk.
  private func texts(_ prompt: TokenizedPrompt) -> [[Int32]] {
    prompt.chunks.map { chunk in
      #expect(chunk.ids.first == 49406)
      let end = chunk.ids.lastIndex { $0 != 49407 }.map { $0 + 1 } ?? 1
      return Array(chunk.ids[1..<end])
    }
  }

  private func counts(_ text: String, _ syntax: PromptSyntax = .a1111) throws -> [Int] {
    let prompt = try tokenizer.tokenize(text, syntax: syntax, mode: .chunks)
    let texts = texts(prompt)
    #expect(texts.joined().count == prompt.tokenCount)
    #expect(prompt.cutTokenCount == 0)
    return texts.map(\.count)
  }

  @Test func emptyPromptIsOneChunk() throws {
    for syntax in PromptSyntax.allCases {
      for mode in PromptMode.allCases {
        let prompt = try tokenizer.tokenize("", syntax: syntax, mode: mode)
        #expect(prompt.chunks.map(\.ids) == [[49406] + [Int32](repeating: 49407, count: 76)])
        #expect(prompt.chunks[0].weights == [Float](repeating: 1, count: 77))
        #expect(prompt.tokenCount == 0 && !prompt.isWeighted)
      }
    }
  }

  @Test func longPromptsGoOn() throws {
    #expect(try counts(words(75)) == [75])
    #expect(try counts(words(76)) == [75, 1])
    #expect(try counts(words(200), .plain) == [75, 75, 50])
  }

  @Test func chunksBreakAfterACommaNearby() throws {
    #expect(try counts(words(60) + ", " + words(30)) == [61, 30])
    // The comma is the 56th of 75 tokens: 20 from the end. One earlier is too far.
    #expect(try counts(words(55) + ", " + words(30)) == [56, 30])
    #expect(try counts(words(54) + ", " + words(30)) == [75, 10])
    #expect(try counts(words(74) + ", " + words(5)) == [75, 5])
    // A comma that is itself the first beyond the chunk goes on to the next one.
    #expect(try counts(words(60) + ", " + words(14) + ", " + words(3)) == [75, 4])
    #expect(try counts(words(60) + ", " + words(30) + ", " + words(40)) == [61, 71])
    #expect(try counts(words(60) + ", " + words(14)) == [75])
  }

  @Test func weightsMoveWithTheirTokens() throws {
    let prompt = try tokenizer.tokenize(
      words(70) + ", (dog:1.5) " + words(9), syntax: .weights, mode: .chunks)
    #expect(texts(prompt).map(\.count) == [71, 10])
    #expect(prompt.chunks[0].weights.allSatisfy { $0 == 1 })
    #expect(prompt.chunks[1].weights == [1, 1.5] + [Float](repeating: 1, count: 75))
    #expect(prompt.isWeighted)
  }

  @Test func breakStartsAChunk() throws {
    #expect(try counts("cat BREAK dog cat") == [1, 2])
    #expect(try counts("cat BREAK") == [1])
    #expect(try counts("BREAK cat") == [0, 1])
    #expect(try counts("cat BREAK BREAK cat") == [1, 0, 1])
    #expect(try counts(words(75) + " BREAK cat") == [75, 1])
    #expect(try counts("BREAKFAST break LUNCHBREAK BREAK_1").count == 1)
    #expect(try counts("cat BREAK dog", .weights).count == 1)
    #expect(try counts("cat,BREAK,dog") == [2, 2])
    let weighted = try tokenizer.tokenize("(cat BREAK dog)", syntax: .a1111, mode: .chunks)
    #expect(weighted.chunks.map { $0.weights[1] } == [1.1, 1.1])
    #expect(try tokenizer.tokenize("cat BREAK dog", syntax: .a1111, mode: .truncate).chunks.count == 1)
  }

  @Test func truncationKeepsTheEnd() throws {
    let prompt = try tokenizer.tokenize(words(80), syntax: .weights, mode: .truncate)
    #expect(prompt.chunks.count == 1)
    #expect(prompt.chunks[0].ids == [49406] + [Int32](repeating: 2368, count: 75) + [49407])
    #expect(prompt.tokenCount == 80 && prompt.cutTokenCount == 5)
    #expect(try tokenizer.tokenize(words(75), syntax: .weights, mode: .truncate).cutTokenCount == 0)
  }

  @Test func otherSequenceLengths() throws {
    let prompt = try tokenizer.tokenize("cat dog cat", syntax: .plain, mode: .chunks, sequenceLength: 4)
    #expect(prompt.chunks.map(\.ids) == [[49406, 2368, 1929, 49407], [49406, 2368, 49407, 49407]])
    for length in [-1, 0, 2] {
      #expect(throws: PromptError.sequenceLength(length)) {
        try tokenizer.tokenize("cat", syntax: .plain, mode: .chunks, sequenceLength: length)
      }
    }
  }

  @Test func shorterPromptsArePadded() throws {
    let prompt = try tokenizer.tokenize("cat", syntax: .plain, mode: .chunks)
    let padded = tokenizer.padded(prompt, toChunks: 3)
    let empty = try tokenizer.tokenize("", syntax: .plain, mode: .chunks).chunks[0]
    #expect(padded.chunks == prompt.chunks + [empty, empty])
    #expect(padded.tokenCount == 1)
    #expect(tokenizer.padded(padded, toChunks: 2) == padded)
  }

  @Test func limits() throws {
    #expect(try counts(words(32 * 75), .plain).count == 32)
    #expect(throws: PromptError.tooManyChunks(field: "prompt", limit: 32, tokensPerChunk: 75)) {
      try tokenizer.tokenize(words(32 * 75 + 1), syntax: .plain, mode: .chunks)
    }
    #expect(try tokenizer.tokenize(words(2_500), syntax: .plain, mode: .truncate).cutTokenCount == 2_425)
    _ = try tokenizer.tokenize(String(repeating: "é", count: 10_000), syntax: .plain, mode: .truncate)
    // Scalars count, not what looks like one character.
    let marks = "e" + String(repeating: "\u{301}", count: 10_000)
    #expect(throws: PromptError.tooManyCharacters(field: "negative_prompt", count: 10_001, limit: 10_000)) {
      try tokenizer.tokenize(marks, syntax: .plain, mode: .truncate, field: "negative_prompt")
    }
    var limits = PromptLimits()
    limits.characters = 5
    #expect(throws: PromptError.tooManyCharacters(field: "prompt", count: 6, limit: 5)) {
      try tokenizer.tokenize("cat ca", syntax: .plain, mode: .chunks, limits: limits)
    }
  }
}

/// Goldens of scripts/fixtures/tokenizer/make_weights.py.
@Suite struct PromptWeightTests {
  private struct Goldens: Decodable {
    struct Case: Decodable {
      let width: Int
      let weights: [Float]
      let before: [Float]
      let after: [Double]
    }

    let cases: [Case]
  }

  @Test func weightsScaleRowsAndKeepTheMean() throws {
    let goldens = try JSONDecoder().decode(Goldens.self, from: Fixtures.data("tokenizer/weights.json"))
    for item in goldens.cases {
      var values = item.before
      applyPromptWeights(item.weights, to: &values, width: item.width)
      let largest = item.after.map(abs).max() ?? 1
      for (actual, expected) in zip(values, item.after) {
        #expect(abs(Double(actual) - expected) <= 1e-6 * largest)
      }
    }
  }

  @Test func weightsOfOneChangeNothing() {
    var values: [Float] = [0.1, .nan, -3, 1e30]
    let bits = values.map(\.bitPattern)
    applyPromptWeights([1, 1], to: &values, width: 2)
    #expect(values.map(\.bitPattern) == bits)
  }

  @Test func vanishingMeanIsNotDividedBy() {
    var values: [Float] = [1, 2]
    applyPromptWeights([0], to: &values, width: 2)
    #expect(values == [0, 0])
  }
}
