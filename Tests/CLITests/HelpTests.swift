import Darkroom
import Testing

import DarkroomCLI

@Suite struct HelpTests {
  @Test func everyCommandExplainsEveryFlag() {
    for command in Command.all {
      let help = HelpText.text(command)
      #expect(help.contains("usage: darkroom \(command.name)"))
      #expect(help.contains("example") && !command.examples.isEmpty)
      for option in command.options {
        #expect(help.contains("  --\(option.name)"), "\(command.name) --\(option.name)")
        #expect(!option.meaning.isEmpty)
        if option.placeholder != nil { #expect(option.expected != nil, "--\(option.name)") }
        if let initial = option.initial { #expect(help.contains("[\(initial)]")) }
      }
      #expect(Set(command.options.map(\.name)).count == command.options.count)
    }
  }

  @Test func overviewNamesCommandsAndExitCodes() async {
    let test = TestConsole()
    #expect(await test.run(["--help"]) == 0)
    for command in Command.all { #expect(test.output.contains("  \(command.name)")) }
    for code in ["0 ", "1 ", "2 ", "130 143"] { #expect(test.output.contains("\n  \(code)")) }
    #expect(test.output.contains("DARKROOM_MODEL"))
    #expect(test.error.isEmpty)
  }

  @Test(arguments: [["help", "generate"], ["generate", "--help"], ["generate", "-h"]])
  func commandHelp(words: [String]) async {
    let test = TestConsole()
    #expect(await test.run(words) == 0)
    #expect(test.output == HelpText.text(.generate) + "\n")
  }

  @Test func version() async {
    let test = TestConsole()
    #expect(await test.run(["--version"]) == 0)
    #expect(test.output == "darkroom \(darkroomVersion)\n")
  }

  @Test func examplesCanBeParsed() throws {
    for command in Command.all {
      for example in command.examples {
        let words = shellWords(example)
        #expect(words.prefix(2) == ["darkroom", command.name])
        #expect(throws: Never.self, "\(example)") {
          try Arguments.parse(Array(words.dropFirst(2)), for: command)
        }
      }
    }
  }

  /// Words with single quotes, which is all that examples use.
  private func shellWords(_ line: String) -> [String] {
    line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
      index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
    }
  }
}
