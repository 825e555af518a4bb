import Foundation
import SystemFiles
import TestSupport
import Testing
import Tokenizer

@Suite struct VocabularyTests {
  /// Makes a folder with the given files, calls `body` and removes it.
  private func withFolder(_ files: [String: String], _ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "vocabulary-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    try body(folder)
  }

  private func error(_ files: [String: String]) throws -> (file: String, place: String)? {
    var found: (String, String)?
    try withFolder(files) { folder in
      do {
        _ = try Vocabulary.load(folder: folder)
      } catch VocabularyError.malformed(let file, let place, let problem) {
        #expect(!problem.isEmpty)
        found = (URL(fileURLWithPath: file).lastPathComponent, place)
      }
    }
    return found
  }

  private let tokens = #"{"<|startoftext|>":0,"<|endoftext|>":1,"a":2,"b</w>":3,"ab</w>":4,",</w>":5}"#

  @Test func smallestPairOfFiles() throws {
    try withFolder(["vocab.json": tokens, "merges.txt": "#version: 0.2\r\na b</w>\r\n\r\n"]) { folder in
      let tokenizer = CLIPTokenizer(try Vocabulary.load(folder: folder))
      #expect(tokenizer.encode("AB aab") == [4, 2, 4])
      #expect(tokenizer.encode("b, c") == [3, 5, 1])
      #expect(tokenizer.vocabulary.count == 6)
      #expect(tokenizer.vocabulary.padToken == 1)
    }
  }

  @Test func addedTokensOfThePair() throws {
    let files = [
      "vocab.json": tokens, "merges.txt": "a b</w>", "added_tokens.json": #"{"<toy>":9,"<toy>s":10}"#,
    ]
    try withFolder(files) { folder in
      let tokenizer = CLIPTokenizer(try Vocabulary.load(folder: folder))
      #expect(tokenizer.encode("ab<toy>ab <toy>s<Toy") == [4, 9, 4, 10, 1, 1, 1, 1])
      #expect(tokenizer.vocabulary.count == 11)
    }
  }

  @Test(arguments: [
    ("a b</w>\na\n", "line 2"), ("a b</w> c\n", "line 1"), ("#version: 0.2\na  b\n", "line 2"),
    ("\na x\n", "line 2"),
    ("a a\n", "line 1"), ("a b</w>\n b\n", "line 2"),
  ])
  func malformedMerges(text: String, line: String) throws {
    let found = try error(["vocab.json": tokens, "merges.txt": text])
    #expect(found?.file == "merges.txt")
    #expect(found?.place == line)
  }

  @Test(arguments: [
    ("", "file"), ("[]", "file"), ("{\"a\":", "file"), (#"{"a":"x"}"#, "a"), (#"{"a":1.5}"#, "a"),
    (#"{"a":1e300}"#, "a"),
    (#"{"a":9223372036854775808}"#, "a"), (#"{"a":-1}"#, "a"), (#"{"a":1}"#, "tokens"),
    (String(repeating: "[", count: 100_000), "file"),
  ])
  func malformedTokens(json: String, place: String) throws {
    let found = try error(["vocab.json": json, "merges.txt": "a b</w>"])
    #expect(found?.file == "vocab.json")
    #expect(found?.place == place)
  }

  @Test(arguments: [
    ("{}", "model"), (#"{"model":{}}"#, "model.vocab"), (#"{"model":{"vocab":{}}}"#, "model.merges"),
    (#"{"model":{"type":"Unigram","vocab":{},"merges":[]}}"#, "model.type"),
    (#"{"model":{"vocab":{},"merges":[]}}"#, "model.end_of_word_suffix"),
    (
      #"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":["a b</w>",["a"]]}}"#, "model.merges[1]"
    ),
    (#"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":["a b</w>","a"]}}"#, "model.merges[1]"),
    (
      #"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":["a b</w>",["a","x"]]}}"#,
      "model.merges[1]"
    ),
    (#"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":[7]}}"#, "model.merges[0]"),
    (#"{"model":{"vocab":{"a":1},"end_of_word_suffix":"</w>","merges":[]}}"#, "model.vocab"),
    (
      #"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":[]},"added_tokens":[{"content":"x"}]}"#,
      "added_tokens[0].id"
    ),
    (
      #"{"model":{"vocab":TOKENS,"end_of_word_suffix":"</w>","merges":[]},"added_tokens":[{"id":-2,"content":"x"}]}"#,
      "added_tokens[0].id"
    ),
  ])
  func malformedTokenizer(json: String, place: String) throws {
    let found = try error(["tokenizer.json": json.replacingOccurrences(of: "TOKENS", with: tokens)])
    #expect(found?.file == "tokenizer.json")
    #expect(found?.place == place)
  }

  @Test(arguments: [
    #"{"pad_token":"nope"}"#, #"{"pad_token":{"content":"nope"}}"#, #"{"pad_token":{"content":"a"}}"#,
    #"{"pad_token":null}"#,
  ])
  func padToken(json: String) throws {
    let found = try error(["vocab.json": tokens, "merges.txt": "a b</w>", "tokenizer_config.json": json])
    #expect(found?.place == (json.contains("nope") ? "pad_token" : nil))
  }

  @Test func malformedConfigs() throws {
    let base = ["vocab.json": tokens, "merges.txt": "a b</w>"]
    #expect(
      try error(base.merging(["tokenizer_config.json": #"{"pad_token":7}"#]) { $1 })?.place == "pad_token")
    #expect(
      try error(base.merging(["special_tokens_map.json": #"{"unk_token":{}}"#]) { $1 })?.place
        == "unk_token.content")
    #expect(try error(base.merging(["added_tokens.json": "[1]"]) { $1 })?.file == "added_tokens.json")
  }

  @Test func missingFilesAreNamed() throws {
    try withFolder([:]) { folder in
      #expect(throws: VocabularyError.self) { try Vocabulary.load(folder: folder) }
    }
    try withFolder(["vocab.json": tokens]) { folder in
      let path = folder.appendingPathComponent("merges.txt").path
      #expect { try Vocabulary.load(folder: folder) } throws: { error in
        if case VocabularyError.unreadable(path, _) = error { true } else { false }
      }
    }
    #expect(throws: VocabularyError.self) { try Vocabulary.clip(padToken: "no such token") }
  }

  /// Damage anywhere in a file is an error or another vocabulary, never a trap.
  @Test(arguments: ["single/tokenizer.json", "pair/vocab.json", "pair/merges.txt"])
  func damagedFilesNeverTrap(name: String) throws {
    let original = [UInt8](try Fixtures.data("tokenizer/\(name)"))
    let folder = try #require(name.split(separator: "/").first)
    var generator = TestGenerator(state: 4)
    for round in 0..<60 {
      var bytes = original
      if round.isMultiple(of: 2) {
        bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      } else {
        for _ in 0..<4 {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
      }
      try withFolder([:]) { copy in
        for file in ["tokenizer.json", "vocab.json", "merges.txt"] {
          guard let data = try? Fixtures.data("tokenizer/\(folder)/\(file)") else { continue }
          try (name.hasSuffix(file) ? Data(bytes) : data).write(to: copy.appendingPathComponent(file))
        }
        do {
          let tokenizer = CLIPTokenizer(try Vocabulary.load(folder: copy))
          _ = tokenizer.encode("the cat in the hat, 2024!")
        } catch is VocabularyError {}
      }
    }
  }

  @Test func damagedGzipIsRefused() {
    // "hello\n", as gzip writes it.
    let intact: [UInt8] = [
      31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 231, 2, 0, 32, 48, 58, 54, 6, 0, 0, 0,
    ]
    func result(_ bytes: [UInt8], limit: Int = 100) -> [UInt8]? {
      bytes.withUnsafeBufferPointer { inflated($0, limit: limit) }
    }
    #expect(result(intact) == Array("hello\n".utf8))
    #expect(result(intact, limit: 5) == nil)
    #expect(result([]) == nil)
    for length in 0..<intact.count { #expect(result(Array(intact[..<length])) == nil) }
    for index in 10..<intact.count {
      var bytes = intact
      bytes[index] ^= 0x10
      // The last bits before the checksum are not used.
      #expect(result(bytes) == nil || result(bytes) == Array("hello\n".utf8))
    }
  }
}
