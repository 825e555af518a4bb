import Darkroom
import Foundation
import Server
import SystemFiles
import Testing

@Suite struct StrictJSONTests {
  private func value(_ text: String) throws -> FieldValue { try StrictJSON.value(Array(text.utf8)) }

  @Test func readsWhatJSONDecoderReads() throws {
    let text = """
      {"text_prompts": [{"text": "a \\"cat\\" \\u00e9\\ud83d\\ude00 雨\\n", "weight": -0.5}], "seed": 18446744073709551615,
       "steps": 30, "cfg_scale": 7.0, "width": 1e3, "low": -9223372036854775808, "big": 1e300, "small": 1e-999,
       "a": true, "b": false, "c": null, "d": [], "e": {}, "minus": -0}
      """
    let foundation = try JSONDecoder().decode(FieldValue.self, from: Data(text.utf8))
    #expect(try value(text) == foundation)
    guard case .object(let fields) = try value(text) else {
      Issue.record("no object")
      return
    }
    #expect(fields["seed"] == .number("18446744073709551615") && fields["width"] == .number("1000"))
  }

  @Test(arguments: [
    ("", "byte 0: expected a JSON value, found the end"),
    ("{\"a\": 1,}", "byte 8: expected '\"', found '}'"),
    ("{\"a\": 1} x", "byte 9: expected the end of the JSON text, found 'x'"),
    ("{\"a\": NaN}", "byte 6: expected a JSON value, found 'N'"),
    ("[-Infinity]", "byte 1: expected a JSON value, found '-'"),
    ("[01]", "byte 1: expected a JSON value, found '0'"),
    ("[1e999]", "byte 1: a number out of range"),
    ("[-1e999]", "byte 1: a number out of range"),
    ("[1" + String(repeating: "0", count: 400) + "]", "byte 1: a number with more than 400 bytes"),
    ("{\"a\": 1, \"a\": 2}", "byte 15: the key \"a\" comes twice in an object"),
    ("[\"\\ud800\"]", "byte 4: half a surrogate pair"),
    ("[\"a\nb\"]", "byte 3: expected the end of a string, found byte 10"),
    ("[\"\\x\"]", "byte 3: unknown escape"),
    ("{'a': 1}", "byte 1: expected '\"', found '''"),
    ("\u{FEFF}{}", "byte 0: a byte order mark; expected UTF-8 without one"),
  ])
  func refuses(text: String, problem: String) {
    #expect {
      _ = try value(text)
    } throws: { "\($0)" == problem }
  }

  @Test(
    arguments: [
      ([0x22, 0xFF, 0x22], "byte 1: a string that is not UTF-8"),
      ([0x22, 0xC3, 0x22], "byte 1: a string that is not UTF-8"),
      ([0x22, 0xED, 0xA0, 0x80, 0x22], "byte 1: a string that is not UTF-8"),
      ([0xFF, 0xFE, 0x7B, 0x00], "byte 0: expected a JSON value, found byte 255"),
      ([0x22, 0x00, 0x22], "byte 1: expected the end of a string, found byte 0"),
    ] as [([UInt8], String)])
  func refusesBytes(bytes: [UInt8], problem: String) {
    #expect {
      _ = try StrictJSON.value(bytes)
    } throws: { "\($0)" == problem }
  }

  @Test func depthAndCount() throws {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
      String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }
    _ = try value(nested(64, "[", "]"))
    _ = try value(nested(64, "{\"a\":", "}"))
    for text in [nested(65, "[", "]"), nested(65, "{\"a\":", "}"), String(repeating: "[", count: 10 << 20)] {
      #expect {
        _ = try value(text)
      } throws: { "\($0)".hasSuffix("nested deeper than 64 levels") }
    }
    _ = try value("[" + String(repeating: "0,", count: 99_998) + "0]")
    #expect {
      _ = try value("[" + String(repeating: "0,", count: 5 << 20) + "0]")
    } throws: { "\($0)" == "byte 199999: more than 100000 values" }
  }

  @Test func aLongNumberTakesNoLongTime() {
    let time = ContinuousClock().measure {
      #expect(throws: SyntaxError.self) { try value(String(repeating: "9", count: 4 << 20)) }
    }
    #expect(time < .seconds(10))
  }
}
