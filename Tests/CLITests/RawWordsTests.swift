import Darkroom
import DarkroomCLI
import Foundation
import Testing

/// Bytes that are not UTF-8 are said, not replaced.
@Suite struct RawWordsTests {
  private func message(_ words: [[UInt8]], _ environment: [[UInt8]] = []) -> String? {
    do {
      try RawWords.check(words: words, environment: environment)
      return nil
    } catch { return "\(error)" }
  }

  @Test func wrongBytesAreShown() {
    #expect(message([Array("generate".utf8), Array("日本 🙂".utf8)], [Array("HOME=/é".utf8)]) == nil)
    let wrong = Array("caf".utf8) + [0xE9, 0x0A]
    #expect(message([[], wrong])?.hasPrefix("'caf\\xE9\\x0A': its bytes are not UTF-8; expected ") == true)
    #expect(message([], [Array("DARKROOM_MODEL=".utf8) + [0xFF]])?.contains("DARKROOM_MODEL=\\xFF") == true)
    #expect(message([], [Array("EDITOR=".utf8) + [0xFF]]) == nil, "nobody reads it")
  }

  @Test func configurationBelongsToAFile() async {
    for words in [["--config", "."], ["--model", "built-in", "--config", "."]] {
      let console = TestConsole()
      #expect(await console.run(["generate", "a"] + words) == 2)
      #expect(console.error.contains("config: ") && console.error.contains("expected"))
    }
    let console = TestConsole()
    #expect(
      await console.run(["generate", "a", "--config", "."], environment: ["DARKROOM_MODEL": "built-in"]) == 2)
    #expect(console.error.contains("the built-in model has its own configuration"))
  }
}
