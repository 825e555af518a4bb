import Darkroom
import Foundation
import Pictures
import Testing

/// `--preview` and `--preview-terminal` as users give them, with the built-in model.
@Suite(.serialized) struct PreviewCommandTests {
  private let folder: TemporaryFolder
  private static let small = ["--model", "built-in", "--size", "64x64", "--steps", "2", "--seed", "1"]

  init() throws { folder = try TemporaryFolder() }

  private func generate(_ words: String...) async throws -> BuiltCommand.Result {
    try await BuiltCommand.run(["generate", "a red circle"] + Self.small + words, in: folder)
  }

  private func picture(_ name: String) throws -> Picture { try Picture.decode([UInt8](folder.data(name))) }

  @Test func thePreviewIsAFileOfItsOwn() async throws {
    let plain = try await generate("--output", "plain.png")
    #expect(plain.code == 0, "\(plain.error)")
    let result = try await generate("--output", "a.png", "--preview", "p.webp")
    #expect(result.code == 0 && result.output == "a.png\n", "\(result.error)")
    #expect(folder.names == ["a.png", "p.webp", "plain.png"])
    #expect(try folder.data("a.png") == folder.data("plain.png"))
    let preview = try picture("p.webp")
    #expect(preview.width == 256 && preview.height == 256)
    #expect(try PictureMetadata.read(from: [UInt8](folder.data("p.webp"))).json == nil)
  }

  @Test func batchesAndLaterPictures() async throws {
    let result = try await generate("--output", "a.png", "--preview", "p.png", "--count", "6")
    #expect(result.code == 0, "\(result.error)")
    // The last two of 4 + 2.
    #expect(try picture("p.png").width == 512)
  }

  @Test func redoAndRowsHaveItToo() async throws {
    #expect(try await generate("--output", "a.png").code == 0)
    let redo = try await BuiltCommand.run(["redo", "a.png", "--preview", "r.png"], in: folder)
    #expect(redo.code == 0 && folder.names == ["a-redo.png", "a.png", "r.png"], "\(redo.error)")
    #expect(try folder.data("a-redo.png") == folder.data("a.png"))
    try folder.write("prompt,output\na boat,b.png\na tree,t.png\n", "p.csv")
    let words = ["generate", "--from", "p.csv", "--output", "."] + Self.small + ["--preview"]
    let refused = try await BuiltCommand.run(words + ["t.png"], in: folder)
    #expect(refused.code == 2 && refused.error.contains("'t.png' is also the name of a picture"))
    let rows = try await BuiltCommand.run(words + ["rows.png"], in: folder)
    #expect(rows.code == 0 && folder.names.contains("rows.png"), "\(rows.error)")
  }

  @Test func dryRunsWriteNone() async throws {
    let result = try await generate("--dry-run", "--preview", "p.png")
    #expect(result.code == 0 && folder.names.isEmpty, "\(result.error)")
  }

  @Test(arguments: [
    (["--preview", "p.gif"], 2, "--preview: 'p.gif' is not possible; expected a name that ends in .png"),
    (["--preview", "no/p.png"], 1, "--preview: there is no folder 'no'"),
    (["--preview", "d.png"], 1, "--preview: 'd.png' cannot be written: not a regular file"),
    (["--preview", "link.png"], 1, "--preview: 'link.png' cannot be written: not a regular file"),
    (["--preview", "a.png", "--output", "./a.png"], 2, "--preview: 'a.png' is also the name of a picture"),
    (
      ["--preview", "a-2.png", "--output", "a.png", "--count", "2"], 2,
      "'a-2.png' is also the name of a picture"
    ),
    (["--preview-terminal"], 2, "--preview-terminal: the error stream is no terminal"),
    (["--preview-terminal", "--quiet"], 2, "--preview-terminal: shows nothing with --quiet"),
  ])
  func refusedBeforeTheWork(words: [String], code: Int32, message: String) async throws {
    try FileManager.default.createDirectory(atPath: folder.path("d.png"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.png"), withDestinationPath: "/dev/null")
    let result = try await BuiltCommand.run(["generate", "x"] + Self.small + words, in: folder)
    #expect(result.code == code && result.error.contains(message), "\(result.error)")
    #expect(!result.error.contains("loading"))
    #expect(folder.names == ["d.png", "link.png"])
  }

  @Test func aPictureIsNotLostWithItsPreview() async throws {
    try FileManager.default.createDirectory(atPath: folder.path("sub"), withIntermediateDirectories: true)
    let running = try BuiltCommand.start(
      [
        "generate", "x", "--size", "64x64", "--steps", "150", "--output", "a.png", "--preview", "sub/p.png",
      ], in: folder)
    #expect(try running.waits { FileManager.default.fileExists(atPath: folder.path("sub/p.png")) })
    try FileManager.default.removeItem(atPath: folder.path("sub"))
    let result = try await running.result()
    #expect(result.code == 0 && folder.names == ["a.png"], "\(result.error)")
    #expect(result.errorLines.count { $0.contains("preview: cannot write") } == 1)
  }

  @Test func onATerminal() async throws {
    let test = TestConsole(terminalWidth: 60)
    let output = ["--output", folder.path("a.png")]
    let code = await test.run(
      ["generate", "a red circle"] + Self.small + output + ["--preview-terminal"],
      environment: ["TERM": "xterm-256color", "COLORTERM": "truecolor"])
    #expect(code == 0 && test.output == folder.path("a.png") + "\n", "\(test.error)")
    // 8x8 latent pixels are 4 lines of 8 cells.
    #expect(test.error.unicodeScalars.count { $0 == "▀" } % 32 == 0 && test.error.contains("▀"))
    #expect(test.error.contains("\r\n\r\n\r\n\r\n\u{1B}[4A\u{1B}[38;2;"))
    // The closing line takes the place of the preview.
    #expect(test.error.contains("\u{1B}[J") && test.error.contains("a.png: seed "), "\(test.error)")

    let plain = TestConsole(terminalWidth: 60)
    let refused = await plain.run(
      ["generate", "x", "--preview-terminal"] + output, environment: ["TERM": "xterm-256color"])
    #expect(refused == 2 && plain.error.contains("not known to show pictures or 24-bit colours"))
  }

  @Test func theGuidanceWindowIsAField() async throws {
    let result = try await generate(
      "--output", "a.png", "--guidance-start", "0.5", "--guidance-end", "0.75", "--guidance-rescale", "0.3")
    #expect(result.code == 0, "\(result.error)")
    let request = try GenerationRequest.read(fromPicture: folder.path("a.png"))
    #expect(request.guidanceStart == 0.5 && request.guidanceEnd == 0.75 && request.guidanceRescale == 0.3)
    #expect(try await BuiltCommand.run(["redo", "a.png", "--model", "built-in"], in: folder).code == 0)
    #expect(try folder.data("a-redo.png") == folder.data("a.png"))
    try folder.write(
      "prompt,guidance_start,guidance_end,guidance_rescale,output\na red circle,0.5,0.75,0.3,row.png\n",
      "p.csv")
    let rows = ["generate", "--from", "p.csv", "--output", "."] + Self.small
    #expect(try await BuiltCommand.run(rows, in: folder).code == 0)
    #expect(try folder.data("row.png") == folder.data("a.png"))
    try folder.write(#"{"prompt": "x", "guidance_start": 2}"# + "\n", "p.jsonl")
    let wrong = try await BuiltCommand.run(["generate", "--from", "p.jsonl"], in: folder)
    #expect(wrong.code == 2 && wrong.error.contains("guidance_start: '2' is not possible; expected 0 to 1"))
    let crossed = try await generate("--guidance-start", "0.5", "--guidance-end", "0.25")
    #expect(
      crossed.code == 2
        && crossed.error.contains("guidance_end: 0.25 is not possible; expected guidance_start"))
  }
}
