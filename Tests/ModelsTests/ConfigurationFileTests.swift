import Foundation
import Models
import TestSupport
import Testing

/// Reads a JSON file below `Tests/Fixtures`.
func configurationFile(_ path: String) throws -> ConfigurationFile {
  try ConfigurationFile(path, [UInt8](Fixtures.data(path)))
}

@Suite struct ConfigurationFileTests {
  private func error<Value>(_ body: () throws -> Value) -> String? {
    do {
      _ = try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func file(_ text: String) throws -> ConfigurationFile {
    try ConfigurationFile("a.json", Array(text.utf8))
  }

  @Test func fieldsOfAllKinds() throws {
    let file = try file(
      #"{"n":-2.5e0,"i":7,"whole":3.0,"t":true,"f":false,"s":"é\u00e9","null":null,"l":[1,2],"w":["a","b"],"o":{"i":1}}"#
    )
    #expect(try file.number("n", -3...0, default: 0) == -2.5)
    #expect(try file.integer("i", 0...9) == 7)
    #expect(try file.integer("whole", 0...9) == 3)
    #expect(try file.integer("null", 0...9, default: 4) == 4)
    #expect(try file.flag("t", default: false))
    #expect(try !file.flag("f", default: true))
    #expect(try file.string("s") == "éé")
    #expect(try file.string("null") == nil && file.string("none") == nil)
    #expect(try file.integers("l", 0...9) == [1, 2])
    #expect(try file.integers("i", 0...9, count: 3) == [7, 7, 7])
    #expect(try file.strings("w") == ["a", "b"])
    #expect(file.has("o") && !file.has("null") && !file.has("none"))
    try file.expectUnset(["f", "null", "none"])
  }

  @Test func wrongFieldsAreNamed() throws {
    let file = try file(#"{"t":true,"half":1.5,"big":10,"huge":1e400,"s":"x","mixed":["a",1],"one":1}"#)
    #expect(error { try file.integer("t", 0...9) } == "a.json: t: expected a whole number in 0...9")
    #expect(error { try file.integer("half", 0...9) } == "a.json: half: expected a whole number in 0...9")
    #expect(error { try file.integer("big", 0...9) } == "a.json: big: expected a whole number in 0...9")
    #expect(error { try file.integer("none", 0...9) } == "a.json: none: is missing; expected a whole number")
    #expect(error { try file.number("t", 0...1, default: 0) } == "a.json: t: expected a number in 0.0...1.0")
    #expect(
      error { try file.number("huge", 0...1, default: 0) } == "a.json: huge: expected a number in 0.0...1.0")
    #expect(error { try file.flag("one", default: true) } == "a.json: one: expected true or false")
    #expect(error { try file.string("one") } == "a.json: one: expected a string")
    #expect(error { try file.strings("mixed") } == "a.json: mixed: expected a list of strings")
    #expect(error { try file.expectUnset(["t"]) } == "a.json: t: is not supported; expected null")
    #expect(error { try file.expect("s", ["a"]) } == #"a.json: s: "x" is not supported; expected a"#)
  }

  @Test(arguments: [
    ("", "cannot be read as JSON: byte 0: expected a JSON value, found the end"),
    ("[1]", "is not a JSON object"),
    (#"{"a":}"#, "cannot be read as JSON: byte 5: expected a JSON value, found '}'"),
    (#"{"a":1,}"#, "cannot be read as JSON: byte 7: expected '\"', found '}'"),
    (#"{"a":1} x"#, "cannot be read as JSON: byte 8: expected the end of the JSON text, found 'x'"),
    (#"{"a":01}"#, "cannot be read as JSON: byte 5: expected a JSON value, found '0'"),
    (#"{"a":NaN}"#, "cannot be read as JSON: byte 5: expected a JSON value, found 'N'"),
  ])
  func damagedFiles(text: String, problem: String) {
    #expect(error { try file(text) } == "a.json: file: \(problem)")
  }
}
