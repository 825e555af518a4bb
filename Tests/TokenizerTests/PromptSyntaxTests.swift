import Testing
import Tokenizer

@Suite struct PromptSyntaxTests {
  private let tokenizer: CLIPTokenizer

  init() throws { tokenizer = CLIPTokenizer(try .clip()) }

  typealias Piece = (String, Double)

  /// Expects the tokens and weights of `pieces`, each encoded by itself.
  private func expect(_ prompt: String, _ syntax: PromptSyntax, _ pieces: [Piece]) throws {
    let result = try tokenizer.tokenize(prompt, syntax: syntax, mode: .chunks)
    let ids = pieces.flatMap { tokenizer.encode($0.0) }
    let weights = pieces.flatMap { [Double](repeating: $0.1, count: tokenizer.encode($0.0).count) }
    let chunk = try #require(result.chunks.first)
    #expect(result.tokenCount == ids.count, "\(prompt)")
    #expect(Array(chunk.ids.dropFirst().prefix(ids.count)) == ids, "\(prompt)")
    for (actual, expected) in zip(chunk.weights.dropFirst(), weights) {
      #expect(abs(Double(actual) - expected) < 1e-6, "\(prompt): \(actual) instead of \(expected)")
    }
    let rest = chunk.weights.dropFirst(ids.count + 1)
    #expect(chunk.weights[0] == 1 && rest.allSatisfy { $0 == 1 })
  }

  @Test func plainIsLiteral() throws {
    for text in ["(a:1.3) [b] \\(c\\) BREAK AND", "((a", "\\", ""] { try expect(text, .plain, [(text, 1)]) }
  }

  @Test func explicitWeights() throws {
    try expect("a (red:1.3) cat", .weights, [("a", 1), ("red", 1.3), ("cat", 1)])
    try expect("((a:1.5) b:2)", .weights, [("a", 3), ("b", 2)])
    try expect("(a (b) c:0.5)", .weights, [("a (b) c", 0.5)])
    try expect("(a:-1)(b: .5 )(c:+2.)", .weights, [("a", -1), ("b", 0.5), ("c", 2)])
    try expect("(a:1.2) (b) [c]", .weights, [("a", 1.2), ("(b) [c]", 1)])
    try expect("(a:1)b", .weights, [("ab", 1)])
    try expect("((a:2)", .weights, [("(", 1), ("a", 2)])
    try expect("(a:2))", .weights, [("a", 2), (")", 1)])
    try expect("(:2)", .weights, [])
    try expect("(time 12:30:1.5)", .weights, [("time 12:30", 1.5)])
  }

  @Test func backslashesMakeLiteral() throws {
    try expect("a \\(b\\)", .weights, [("a (b)", 1)])
    try expect("\\(a cat:1.5\\)", .weights, [("(a cat:1.5)", 1)])
    try expect("\\{a\\|b\\} \\__c__", .weights, [("{a|b} __c__", 1)])
    try expect("\\\\(a:1.5)", .weights, [("\\", 1), ("a", 1.5)])
    try expect("\\{a\\|b\\} \\__c__", .a1111, [("{a|b} __c__", 1)])
    try expect("(a:1.2) \\(b:1.5\\) \\x", .weights, [("a", 1.2), ("(b:1.5) \\x", 1)])
    try expect("(a \\(b\\):1.2)", .weights, [("a (b)", 1.2)])
    for text in [
      "(a)", "((a))", "[a]", "a:1.2)", "(a:1.2", "(a:x)", "(a:)", "(a:1.2.3)",
      "(a:+-1)", ":-)", "\\", "a\\b", "\\_", "\\[a\\]", "\\n",
    ] {
      try expect(text, .weights, [(text, 1)])
    }
  }

  @Test func webInterfaceBrackets() throws {
    try expect("a (red) cat", .a1111, [("a", 1), ("red", 1.1), ("cat", 1)])
    try expect("((a)) [b] [[c]]", .a1111, [("a", 1.21), ("b", 1 / 1.1), ("c", 1 / 1.21)])
    try expect("(a:1.3) (b: 0.5 )", .a1111, [("a", 1.3), ("b", 0.5)])
    try expect("(a (b:2) c)", .a1111, [("a", 1.1), ("b", 2.2), ("c", 1.1)])
    try expect("([a])", .a1111, [("a", 1)])
    try expect("(a [b) c]", .a1111, [("a", 1.1), ("b", 1), ("c", 1 / 1.1)])
    try expect("(a:x) (b:1.2.3)", .a1111, [("a:x", 1.1), ("b:1.2.3", 1.1)])
    try expect("a:1.3 b:2) c", .a1111, [("a:1.3 b:2) c", 1)])
    try expect("(:1.3)", .a1111, [])
  }

  @Test func webInterfaceUnbalanced() throws {
    try expect("a (b c", .a1111, [("a", 1), ("b c", 1.1)])
    try expect("a ((b [c", .a1111, [("a", 1), ("b", 1.21), ("c", 1.1)])
    try expect("a) b] c", .a1111, [("a) b] c", 1)])
    try expect("(", .a1111, [])
  }

  @Test func webInterfaceEscapes() throws {
    try expect("miku \\(vocaloid\\) \\[x\\]", .a1111, [("miku (vocaloid) [x]", 1)])
    try expect("(a\\)b:1.5)", .a1111, [("a)b", 1.5)])
    try expect("a\\\\(b)", .a1111, [("a\\", 1), ("b", 1.1)])
    try expect("a\\b \\", .a1111, [("ab", 1)])
    try expect("\\(a:1.3)", .a1111, [("(a:1.3)", 1)])
  }

  @Test func unsupportedSyntaxIsLiteralWithAWarning() throws {
    func warnings(_ text: String) throws -> [PromptWarning] {
      try tokenizer.tokenize(text, syntax: .a1111, mode: .chunks).warnings
    }
    try expect("a [cat:dog:0.5] b", .a1111, [("a [cat:dog:0.5] b", 1)])
    #expect(try warnings("a [cat:dog:0.5] b") == [.schedule("[cat:dog:0.5]")])
    #expect(try warnings("[cat:10] [dog::0.3]") == [.schedule("[cat:10]"), .schedule("[dog::0.3]")])
    try expect("[(a)|b] [c]", .a1111, [("[", 1), ("a", 1.1), ("|b]", 1), ("c", 1 / 1.1)])
    #expect(try warnings("[(a)|b] [c]") == [.alternation("[(a)|b]")])
    #expect(try warnings("[[a|b]:c:3]") == [.alternation("[a|b]"), .schedule("[[a|b]:c:3]")])
    #expect(try warnings("a cat AND a dog AND b") == [.composition])
    try expect("a AND b", .a1111, [("a AND b", 1)])
    #expect(try warnings("SAND ANDY and a|b [a] (a:2) \\[a|b\\] [a\\|b]") == [.alternation("[a\\|b]")])
    #expect(try tokenizer.tokenize("[a|b] AND", syntax: .plain, mode: .chunks).warnings.isEmpty)
    #expect(PromptWarning.schedule("[a:b:1]").description.contains("[a:b:1]"))
  }

  @Test func marksOfTheWebInterfaceAreNamed() throws {
    func marks(_ text: String) throws -> [PromptWarning] {
      try tokenizer.tokenize(text, syntax: .weights, mode: .chunks).warnings
    }
    #expect(
      try marks("[a|b] [c:d:0.5] x AND y BREAK ((z))")
        == ["[a|b]", "[c:d:0.5]", "AND", "BREAK", "(("].map(PromptWarning.foreign))
    #expect(try marks("a (cat) [dog] (x:1.2) \\((y) BREAKFAST SAND a|b").isEmpty)
    #expect(try marks("((a:1.5) b:2)").isEmpty)
  }

  /// They are no words: the text goes on as if they were not there.
  @Test func adaptersAndEmbeddingsAreTakenOut() throws {
    let tags = [
      "<lora:style:0.8>", "<LORA:a b>", "<lyco:x:1:0.5>", "<hypernet:h:1>", "embedding:bad-hands_v4.5",
      "Embedding:x",
    ]
    for syntax in [PromptSyntax.weights, .a1111] {
      for tag in tags {
        try expect("a \(tag) cat", syntax, [("a  cat", 1)])
        let warnings = try tokenizer.tokenize("a \(tag) cat", syntax: syntax, mode: .chunks).warnings
        #expect(warnings == [.adapter(tag)] && warnings[0].description.contains(tag))
      }
      try expect("(embedding:easynegative:1.2), cat", syntax, [(", cat", 1)])
      for text in [
        "a < b", "<lora>", "<lora:>", "<lora:x", "<b:x>", "embedding: x", "reembedding:x", "lora:x",
      ] {
        try expect(text, syntax, [(text, 1)])
      }
    }
    for tag in tags { try expect("a \(tag)", .plain, [("a \(tag)", 1)]) }
  }

  @Test(arguments: [
    "(a:101)", "(a:-100.5)", "((a:50):50)", "(a:1" + String(repeating: "0", count: 400) + ")",
    "((a:1" + String(repeating: "0", count: 400) + "):0)",
  ])
  func absurdWeightsAreRefused(text: String) throws {
    for syntax in [PromptSyntax.weights, .a1111] {
      #expect {
        try tokenizer.tokenize(text, syntax: syntax, mode: .chunks, field: "negative_prompt")
      } throws: { error in
        guard case PromptError.weight("negative_prompt", _, 100) = error else { return false }
        return "\(error)".hasPrefix("negative_prompt: ")
      }
    }
    #expect(try !tokenizer.tokenize(text, syntax: .plain, mode: .truncate).isWeighted)
  }

  @Test func randomBracketsNeverTrap() throws {
    var generator = TestGenerator(state: 6)
    let alphabet = Array("ab ()[]\\:|.,1290-+BREAKAND\u{301}é".unicodeScalars)
    for _ in 0..<3000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
      }
      for syntax in PromptSyntax.allCases { try checkInvariants(String(text), syntax) }
    }
  }

  private func checkInvariants(_ text: String, _ syntax: PromptSyntax) throws {
    do throws(PromptError) {
      let prompt = try tokenizer.tokenize(text, syntax: syntax, mode: .chunks)
      #expect(prompt.chunks.allSatisfy { $0.ids.count == 77 && $0.weights.count == 77 })
      if syntax == .plain { #expect(!prompt.isWeighted) }
    } catch {
      guard case .weight = error else { throw error }
    }
  }

  /// The most brackets and colons that the limit of characters lets through.
  @Test(arguments: ["(", "[", "(a", "[a|", ":1", "(a:1", ": ", "\\", "(a:1)", "a BREAK "])
  func repeatedSyntaxIsRefusedOrAccepted(unit: String) {
    let text = String(repeating: unit, count: 10_000 / unit.unicodeScalars.count)
    for syntax in PromptSyntax.allCases {
      do { _ = try tokenizer.tokenize(text, syntax: syntax, mode: .chunks) } catch {}
    }
  }
}
