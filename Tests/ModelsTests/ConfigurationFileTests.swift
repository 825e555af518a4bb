import Foundation
import Models
import SystemFiles
import TestSupport
import Testing
import Weights

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
      #"{"n":-2.5e0,"i":7,"whole":3.0,"t":true,"f":false,"s":"é\u00e9","null":null,"l":[1,2],"w":["a","b"],"tf":[true,false],"o":{"i":1}}"#
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
    #expect(try file.flags("t", count: 2) == [true, true] && file.flags("none", count: 1) == [false])
    #expect(try file.flags("tf", count: 2) == [true, false])
    #expect(file.has("o") && !file.has("null") && !file.has("none"))
    try file.expect(["f": [false], "null": [], "none": [1], "l": [[1, 2]], "w": ["x", ["a", "b"]]])
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
    for field in ["one", "mixed"] {
      #expect(error { try file.flags(field, count: 2) }?.contains("true or false") == true)
    }
    #expect(error { try file.string("one") } == "a.json: one: expected a string")
    #expect(error { try file.strings("mixed") } == "a.json: mixed: expected a list of strings")
    #expect(error { try file.expect(["t": []]) } == "a.json: t: true is not supported; expected null")
    #expect(
      error { try file.expect(["s": ["a", 2]]) } == #"a.json: s: "x" is not supported; expected "a" or 2"#)
  }

  @Test(arguments: [
    ("", "cannot be read as JSON: byte 0: expected a JSON value, found the end"),
    ("[1]", "is not a JSON object"),
    (#"{"a":}"#, "cannot be read as JSON: byte 5: expected a JSON value, found '}'"),
    (#"{"a":1,}"#, "cannot be read as JSON: byte 7: expected '\"', found '}'"),
    (#"{"a":1} x"#, "cannot be read as JSON: byte 8: expected the end of the JSON text, found 'x'"),
    (#"{"a":01}"#, "cannot be read as JSON: byte 5: expected a JSON value, found '0'"),
    (#"{"a":nan}"#, "cannot be read as JSON: byte 5: expected a JSON value"),
    (#"{"a":Infinit}"#, "cannot be read as JSON: byte 5: expected a JSON value, found 'I'"),
    (#"{"a":+Infinity}"#, "cannot be read as JSON: byte 5: expected a JSON value, found '+'"),
  ])
  func damagedFiles(text: String, problem: String) {
    #expect(error { try file(text) } == "a.json: file: \(problem)")
  }

  /// Python's `json` writes these, and diffusers with it.
  @Test func whatPythonWrites() throws {
    let file = try file(#"{"a":-Infinity,"b":[Infinity,NaN,1e999],"path":"/m/caf\udce9","c":2}"#)
    #expect(file["a"] == .number(-.infinity))
    guard case .list(let numbers) = file["b"], case .number(let second) = numbers[1] else {
      Issue.record("no list")
      return
    }
    #expect(numbers[0] == .number(.infinity) && second.isNaN && numbers[2] == .number(.infinity))
    #expect(try file.string("path") == "/m/caf\u{FFFD}" && file.integer("c", 0...9) == 2)
    #expect(error { try file.number("a", 0...1) } == "a.json: a: expected a number in 0.0...1.0")
  }

  /// Values that mean the same as the one that is followed.
  @Test func listsOfOneValue() throws {
    let file = try file(#"{"l":[1,1,1],"deep":[1,[1,1]],"mixed":[1,2],"empty":[]}"#)
    try file.expect(["l": [1], "deep": [1]])
    #expect(try file.common("l", 0...9) == 1)
    #expect(error { try file.expect(["mixed": [1]]) } == "a.json: mixed: [1, 2] is not supported; expected 1")
    #expect(
      error { try file.common("mixed", 0...9) }
        == "a.json: mixed: [1, 2] is not supported; expected one whole number")
    #expect(error { try file.expect(["empty": [1]]) } == "a.json: empty: [] is not supported; expected 1")
  }

  @Test func defaultsOfAnotherClassAreLeftOut() throws {
    let file = try file(#"{"a":1,"b":2,"_use_default_values":["b","none"]}"#).filled(with: ["b": 3, "c": nil])
    #expect(try file.integer("a", 0...9) == 1 && file.integer("b", 0...9) == 3 && !file.has("c"))
  }
}
