import Darkroom
import Testing

import DarkroomCLI

@Suite struct HelpTests {
  @Test func everyCommandExplainsEveryFlag() {
    for command in Command.all {
      let help = HelpText.text(command)
      let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      #expect(help.contains("usage: darkroom \(command.name)"))
      #expect(help.contains("example") && !command.examples.isEmpty)
      for option in command.options {
        #expect(help.contains("--\(option.name)"), "\(command.name) --\(option.name)")
        #expect(!option.meaning.isEmpty)
        if option.placeholder != nil { #expect(option.expected != nil, "--\(option.name)") }
        if let initial = option.initial { #expect(words.contains("[\(initial)]")) }
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

  @Test func helpFitsEightyColumns() async {
    let test = TestConsole()
    #expect(await test.run(["--help"]) == 0)
    for text in Command.all.map({ HelpText.text($0) }) + [test.output] {
      for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }

  @Test func flagsStandInGroups() throws {
    let help = HelpText.text(.generate)
    let places = ["prompt", "sampling", "size", "model", "output", "speed"].compactMap {
      help.firstRange(of: "\n\($0):\n")?.lowerBound
    }
    #expect(places.count == 6 && places == places.sorted())
    let seed = try #require(help.firstRange(of: "  -s, --seed N"))
    #expect(places[1] < seed.lowerBound && seed.lowerBound < places[2])
  }

  @Test(arguments: Completions.allCases) func completionsNameEverything(shell: Completions) async {
    let test = TestConsole()
    #expect(await test.run(["completions", shell.rawValue]) == 0)
    for command in Command.all {
      #expect(test.output.contains(command.name))
      for option in command.options {
        let name = shell == .fish ? "-l \(option.name)" : "--\(option.name)"
        #expect(test.output.contains(name), "\(command.name) \(name)")
      }
    }
    for sampler in Catalogue.samplers { #expect(test.output.contains(sampler.name)) }
  }

  /// What bash completes for the last of some words.
  private func completed(_ words: [String]) async throws -> [String] {
    let folder = try TemporaryFolder()
    try folder.write(Completions.bash.text, "darkroom")
    let list = words.map { "'\($0)'" }.joined(separator: " ")
    let script =
      "source ./darkroom; COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); _darkroom; echo ${COMPREPLY[@]}"
    let output = try TemporaryFolder()
    let process = try ChildProcess(
      "/bin/bash", ["-c", script], folder: folder.path, environment: [:],
      streams: (output.path("out"), output.path("err")))
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    #expect(process.code == 0)
    let text = try String(decoding: output.data("out"), as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  @Test(arguments: [
    (["darkroom", "gen"], ["generate"]), (["darkroom", "generate", "--step"], ["--steps", "--step-noise"]),
    (["darkroom", "generate", "--sampler", "eul"], ["euler", "euler_a"]),
    (["darkroom", "generate", "--precision", "fl"], ["float32", "float16"]),
    (["darkroom", "help", "rem"], ["remove"]), (["darkroom", "generate", "--output", "x"], []),
    (["darkroom", "completions", ""], ["bash", "zsh", "fish"]),
  ])
  func bashCompletes(words: [String], expected: [String]) async throws {
    #expect(try await Set(completed(words)) == Set(expected))
  }

  @Test func theManualPageNamesEverything() async {
    let test = TestConsole()
    #expect(await test.run(["man"]) == 0)
    #expect(test.output.hasPrefix(".TH DARKROOM 1 "))
    let text = test.output.replacing("\\-", with: "-")
    for option in Command.all.flatMap(\.options) {
      for name in option.names { #expect(text.contains(name)) }
    }
    // A line that begins with a point is a macro of man.
    let macros = ["TH", "SH", "SS", "B ", "br", "I ", "TP", "PP", "EX", "EE"]
    for line in test.output.split(separator: "\n") where line.hasPrefix(".") {
      #expect(macros.contains { line.dropFirst().hasPrefix($0) }, "\(line)")
    }
    #expect(!test.output.contains("\n'"))
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
