import Darkroom
import Testing

import DarkroomCLI

/// What is told of finished pictures.
@Suite struct PictureReportTests {
  private func make(
    _ words: [String], _ test: TestConsole, to output: String? = nil
  ) async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    guard case .run(let arguments) = try Arguments.parse(words, for: .generate) else { return folder }
    let console = test.console
    console.quiet = arguments.settings.quiet
    let invocation = Invocation(
      settings: arguments.settings, words: arguments.words, console: console, environment: [:])
    var request = arguments.settings.request
    request.prompt = "a cat"
    try await invocation.make(
      request, to: OutputPlace(output ?? folder.path("a.png")), by: FakeMaker())
    return folder
  }

  @Test func peopleReadSeedSizeAndTime() async throws {
    let test = TestConsole(terminalWidth: 100)
    let folder = try await make(["--seed", "7"], test)
    #expect(test.output == "\(folder.path("a.png"))\n")
    #expect(test.error.hasSuffix("darkroom: \(folder.path("a.png")): seed 7, 8x16, 0.0 s\n"))
  }

  /// Who reads both streams reads the name once.
  @Test func aTerminalForBothStreams() async throws {
    let test = TestConsole(terminalWidth: 100, outputIsTerminal: true)
    let folder = try await make(["--seed", "7"], test)
    #expect(test.output.isEmpty && test.error.contains("\(folder.path("a.png")): seed 7, "))
  }

  @Test(arguments: [(false, []), (true, ["--quiet"])]) func programsReadPathsAlone(
    isTerminal: Bool, words: [String]
  ) async throws {
    let test = TestConsole(terminalWidth: isTerminal ? 100 : nil, outputIsTerminal: isTerminal)
    let invocation = try await make(words, test)
    #expect(!test.error.contains("seed"))
    #expect(isTerminal || test.output == "\(invocation.path("a.png"))\n")
  }

  @Test(arguments: [("png", []), ("webp", ["--format", "webp"]), ("jpeg", ["--format", "jpg"])])
  func thePictureMayBeTheOutput(format: String, words: [String]) async throws {
    let test = TestConsole(terminalWidth: 100)
    let folder = try await make(words + ["--seed", "7"], test, to: "-")
    #expect(test.output == "\(format) a cat" && folder.names.isEmpty)
    #expect(test.error.hasSuffix("darkroom: seed 7, 8x16, 0.0 s\n"))
  }

  @Test func aTerminalIsNoPlaceForAPicture() async {
    let test = TestConsole(outputIsTerminal: true)
    #expect(await test.run(["generate", "x", "--output", "-"]) == 2)
    #expect(test.error.contains("--output -: the output is a terminal; expected a file or a program"))
  }

  @Test func shownPicturesStay() throws {
    var line = StatusLine(terminalWidth: { 40 })
    _ = line.showing("sampling", isNew: true, at: 0)
    let picture = TerminalPicture(text: "PICTURE\r\n", rows: 1)
    #expect(line.keeping(picture) == "\r\u{1B}[K\r\n\u{1B}[1APICTURE\r\n")
    #expect(line.clearing().isEmpty)
    // kitty would put the next one in the place of a picture with a number.
    let preview = GenerationPreview(
      index: 0, together: 0..<1, step: 1, steps: 1, width: 1, height: 1, pixels: [1, 2, 3], pictureWidth: 8,
      pictureHeight: 8)
    func text(stays: Bool) throws -> String {
      try TerminalGraphics.kitty.picture(
        of: PreviewSheet([preview]), columns: 80, lines: 24, stays: stays
      ).text
    }
    #expect(try text(stays: false).contains(",i=") && !text(stays: true).contains(",i="))
  }
}
