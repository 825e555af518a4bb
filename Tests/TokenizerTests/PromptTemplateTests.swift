import Testing
import Tokenizer

/// `{a|b}` and `__name__`, drawn by a seed.
@Suite struct PromptTemplateTests {
  private static let lists = [
    "animal": ["cat", "{dog|puppy}"], "colours/warm": ["red"], "one": ["__two__"], "two": ["__one__"],
    "heavy": ["3::lead", "0::air"], "flavour": ["a", "b", "c"], "snake_case": ["yes"],
  ]

  private func draw(_ text: String, seed: UInt64 = 1) throws -> String {
    try PromptTemplate.drawn(text, seed: seed) { name in
      try #require(Self.lists[name], "\(name) is not asked for")
    }
  }

  /// Everything that many seeds draw.
  private func all(_ text: String) throws -> Set<String> {
    Set(try (0..<200).map { try draw(text, seed: $0) })
  }

  @Test func choices() throws {
    #expect(try all("a {red|blue} cat") == ["a red cat", "a blue cat"])
    #expect(try all("{a|{b|c}}") == ["a", "b", "c"])
    #expect(try all("{ a | b c }!") == ["a!", "b c!"])
    #expect(try all("{a|}") == ["a", ""])
    #expect(try all("{0::a|b|2::c}") == ["b", "c"])
    #expect(try all("{2$$a|b|c}") == ["a, b", "b, a", "a, c", "c, a", "b, c", "c, b"])
    #expect(try all("{1-2$$ and $$a|b}") == ["a", "b", "a and b", "b and a"])
    #expect(try all("{-2$$a|b}") == all("{1-2$$a|b}") && all("{1-$$a|b}") == all("{1-2$$a|b}"))
    #expect(try all("{9$$a|b}") == ["a, b", "b, a"], "no more than there are")
    #expect(try all("{0-1$$a|b}") == ["", "a", "b"])
    #expect(try all("({a|b}:1.2)") == ["(a:1.2)", "(b:1.2)"])
  }

  @Test func listsOfLines() throws {
    #expect(try all("a __animal__") == ["a cat", "a dog", "a puppy"])
    #expect(try all("__colours/warm__ __snake_case__") == ["red yes"])
    #expect(try all("{__animal__|{x|__colours/warm__}}") == ["cat", "dog", "puppy", "x", "red"])
    #expect(try all("__heavy__") == ["lead"])
    // Several of one list, none twice.
    #expect(try all("{2$$__flavour__}") == ["a, b", "b, a", "a, c", "c, a", "b, c", "c, b"])
    // What is not chosen is not asked for.
    #expect(try all("{a|0::__missing__}") == ["a"])
  }

  @Test(arguments: [
    "", "a cat", "{a}", "{{masterpiece}}", "{", "}", "a | b", "{a", "a|b}", "\\{a|b\\}", "\\__animal__",
    "a _ b __ c", "____", "__a b__", "f(x) = {x}", "{a\\|b}", "\\", "{}", "$$", "2::a", "__init_",
  ])
  func literal(text: String) throws {
    #expect(!PromptTemplate.hasChoices(text) && !text.contains("__animal__ "))
    #expect(try draw(text) == text)
  }

  /// The picture's own prompt draws nothing again.
  @Test func whatIsDrawnIsComplete() throws {
    for text in ["{a\\|x|b} \\{c|d\\} {e} __animal__", "{2$$a|b|\\__one__}"] {
      #expect(PromptTemplate.hasChoices(text))
      for drawn in try all(text) { #expect(!PromptTemplate.hasChoices(drawn), "\(drawn)") }
    }
  }

  /// The same on every machine, in every version; seeds side by side have nothing in common.
  @Test func seedsDecide() throws {
    let drawn = try (0..<12).map { try draw("{a|b|c|d|e|f|g|h}", seed: $0) }
    #expect(drawn.joined() == "dfffhgdaegfc")
    let often = try (0..<4000).count { try draw("{3::a|b}", seed: $0) == "a" }
    #expect((2850...3150).contains(often))
    let pairs = Set(try (0..<200).map { try draw("{a|b|c}{a|b|c}{a|b|c}", seed: $0) })
    #expect(pairs.count == 27)
  }

  @Test func limits() throws {
    #expect(throws: PromptTemplateError.tooDeep(limit: 32)) { try draw("__one__") }
    let deep = String(repeating: "{a|", count: 40) + String(repeating: "}", count: 40)
    #expect(throws: PromptTemplateError.tooDeep(limit: 32)) { try all(deep) }
    #expect(throws: PromptTemplateError.tooLong(limit: 10_000)) {
      try PromptTemplate.drawn("__x____x__", seed: 1) { _ in [String(repeating: "a", count: 6000)] }
    }
  }

  @Test func randomTemplatesNeverTrap() throws {
    var generator = TestGenerator(state: 9)
    let alphabet = Array("ab{}|$-:_\\2. é__{}||".unicodeScalars)
    for seed in 0..<3000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
      }
      let drawn = try PromptTemplate.drawn(String(text), seed: UInt64(seed)) { _ in ["x", "y"] }
      if !PromptTemplate.hasChoices(String(text)) { #expect(drawn == String(text)) }
    }
  }

  @Test(arguments: ["{", "}", "{|", "__a", "{a|b}", "|", "\\", "{1$$"]) func longTemplates(unit: String) {
    let text = String(repeating: unit, count: 10_000 / unit.unicodeScalars.count)
    _ = try? PromptTemplate.drawn(text, seed: 1) { _ in ["x"] }
  }
}
