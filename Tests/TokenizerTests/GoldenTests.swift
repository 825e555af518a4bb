import Foundation
import TestSupport
import Testing
import Tokenizer

struct TextCase: Decodable {
  let text: String
  let ids: [Int32]
}

/// Goldens of scripts/fixtures/tokenizer/make_goldens.py.
@Suite struct GoldenTests {
  private struct Goldens: Decodable {
    let cases: [TextCase]
    let padded: [TextCase]
  }

  private struct Small: Decodable {
    let start: Int32
    let end: Int32
    let pad: Int32
    let cases: [TextCase]
  }

  private func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    try JSONDecoder().decode(type, from: Fixtures.data("tokenizer/\(name)"))
  }

  @Test func textsHaveTheReferencesIds() throws {
    let tokenizer = CLIPTokenizer(try .clip())
    let cases = try read(Goldens.self, "goldens.json").cases
    #expect(cases.count > 300)
    for item in cases {
      #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription.prefix(200))")
    }
  }

  @Test func sequencesAreCutAndPaddedAsInDiffusers() throws {
    let tokenizer = CLIPTokenizer(try .clip())
    for item in try read(Goldens.self, "goldens.json").padded {
      let prompt = try tokenizer.tokenize(item.text, syntax: .plain, mode: .truncate)
      #expect(prompt.chunks.map(\.ids) == [item.ids])
      #expect(prompt.cutTokenCount == max(0, prompt.tokenCount - 75))
    }
  }

  @Test(arguments: ["pair", "single", "strings"])
  func smallVocabulariesKeepTheirOwnIds(name: String) throws {
    let golden = try #require(try read([String: Small].self, "small.json")[name])
    let vocabulary = try Vocabulary.load(folder: Fixtures.url("tokenizer/\(name)"))
    #expect(vocabulary.startToken == golden.start)
    #expect(vocabulary.endToken == golden.end)
    #expect(vocabulary.padToken == golden.pad)
    let tokenizer = CLIPTokenizer(vocabulary)
    for item in golden.cases {
      #expect(tokenizer.encode(item.text) == item.ids, "\(item.text.debugDescription)")
      #expect(item.ids.allSatisfy { $0 < vocabulary.count })
    }
  }

  @Test func quickGoldens() throws {
    let tokenizer = CLIPTokenizer(try .clip())
    #expect(tokenizer.vocabulary.count == 49_408)
    #expect(tokenizer.encode("a photo of a cat") == [320, 1125, 539, 320, 2368])
    #expect(tokenizer.encode("hello!!! world??? ...") == [3306, 995, 1002, 3824, 678])
    #expect(tokenizer.encode("2024") == [273, 271, 273, 275])
    #expect(tokenizer.encode("café naïve") == [15304, 1097, 35689, 563])
    #expect(tokenizer.encode("🙂🐱 emoji") == [32006, 22979, 16327])
    #expect(tokenizer.encode("İstanbul") == [328, 16384, 11231])
    #expect(tokenizer.encode("'s'S'Ll") == [568, 568, 1342])
  }

  /// In diffusers a pad token is a special token, and those are taken literally.
  @Test func padTokenInTextIsLiteral() throws {
    let tokenizer = CLIPTokenizer(try .clip(padToken: "!"))
    #expect(tokenizer.encode("! !! wow!!!") == [0, 0, 0, 2781, 0, 0, 0])
    let prompt = try tokenizer.tokenize("hi there", syntax: .plain, mode: .chunks, sequenceLength: 8)
    #expect(prompt.chunks[0].ids == [49406, 1883, 997, 49407, 0, 0, 0, 0])
    #expect(CLIPTokenizer(try .clip()).encode("! !! wow!!!") == [256, 748, 2781, 995])
  }

  /// Every scalar is a letter, number, space or something else exactly where the reference says so.
  @Test func scalarsSplitAsInTheReference() throws {
    struct Run: Decodable {
      let start: UInt32
      let kind: String

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        start = try container.decode(UInt32.self)
        kind = try container.decode(String.self)
      }
    }
    let runs = try read([Run].self, "unicode.json")
    var wrong: [UInt32] = []
    for (index, run) in runs.enumerated() {
      let end = index + 1 < runs.count ? runs[index + 1].start : 0x110000
      for scalar in (run.start..<end).compactMap(Unicode.Scalar.init) where kind(scalar) != run.kind {
        wrong.append(scalar.value)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(20))")
  }

  private func kind(_ scalar: Unicode.Scalar) -> String {
    var words = 0
    WordSplitter(["a", scalar, scalar]).forEachWord { _ in words += 1 }
    if words == 3 { return "N" }
    if words != 1 { return "O" }
    var joined = true
    WordSplitter(["a", scalar]).forEachWord { joined = $0.count > 1 }
    return joined ? "L" : "S"
  }
}
