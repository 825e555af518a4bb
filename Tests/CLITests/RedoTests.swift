import Darkroom
import Foundation
import TestSupport
import Testing

/// Pictures that are made again, and what is told of them.
@Suite(.serialized) struct RedoTests {
  private let folder: TemporaryFolder
  private let mine = ["DARKROOM_MODEL": BuiltCommand.model]

  /// `a.png` is a picture of the tiny model.
  init() async throws {
    folder = try TemporaryFolder()
    let made = try await BuiltCommand.run(
      ["generate", "a cat", "--seed", "7", "--steps", "2", "--output", "a.png"], in: folder, environment: mine
    )
    try #require(made.code == 0, "\(made.error)")
  }

  private func run(_ words: String..., environment: [String: String] = [:]) async throws
    -> BuiltCommand.Result
  {
    try await BuiltCommand.run(
      words, in: folder, environment: ["HF_HOME": folder.path("hf")].merging(environment) { $1 })
  }

  @Test func theModelIsFoundOrNothingIsDrawn() async throws {
    let found = try await run("redo", "a.png", "--output", "b.png", environment: mine)
    #expect(found.code == 0 && found.errorLines.last == "loading", "\(found.error)")
    #expect(try folder.data("b.png") == folder.data("a.png"))
    let missing = try await run("redo", "a.png", "--output", "c.png")
    #expect(missing.code == 1 && missing.error.contains("drawn with the model sd1_tiny (fingerprint "))
    #expect(!folder.names.contains("c.png"))
  }

  /// What is no picture is named as that, before its name is taken for an output's.
  @Test func whatIsNoPictureIsNamed() async throws {
    try folder.write("hello", "a.txt")
    let text = try await run("redo", "a.txt")
    #expect(text.error == "darkroom: a.txt: not a picture: expected PNG, JPEG or WebP\n")
    let missing = try await run("inspect", "none.png")
    #expect(missing.error == "darkroom: none.png: cannot read: No such file or directory\n")
  }

  @Test func anotherModelIsDrawnWithOnlyWhereItIsNamed() async throws {
    let other = try await run("redo", "a.png", "--model", "built-in", "--output", "b.png", "--size", "64x64")
    #expect(other.code == 0 && other.error.contains("drawn with the model sd1_tiny"), "\(other.error)")
    #expect(other.error.contains("this one is built-in (fingerprint "))
  }

  @Test func flagsStandForFields() async throws {
    let made = try await run(
      "redo", "a.png", "--seed", "5", "--steps", "3", "--output", "b.png", environment: mine)
    #expect(made.code == 0, "\(made.error)")
    let record = try PictureRecord(fromPicture: folder.path("b.png"))
    #expect(record.request.seed == 5 && record.request.steps == 3 && record.request.prompt == "a cat")
    let wrong = try await run("redo", "a.png", "--steps", "0", environment: mine)
    #expect(wrong.code == 2 && wrong.error.contains("--steps"))
  }

  @Test func picturesAreInspected() async throws {
    let text = try await run("inspect", "a.png")
    let record = try PictureRecord(fromPicture: folder.path("a.png"))
    let fingerprint = try #require(record.model?.fingerprint)
    #expect(text.code == 0 && text.output.contains(fingerprint) && text.output.contains("A1111's text:"))
    #expect(text.output.contains("Steps: 2, Sampler: "), "\(text.output)")
    let model = try await run("inspect", BuiltCommand.model)
    #expect(model.output.contains(fingerprint), "\(model.output)")
    struct Result: Decodable {
      let origin: PictureRecord.Origin
      let request: GenerationRequest
    }
    let json = try await run("inspect", "a.png", "--json")
    let result = try JSONDecoder().decode(Result.self, from: Data(json.output.utf8))
    #expect(result.origin == .darkroom && result.request == record.request)
    #expect(try await run("inspect", "missing.png").code == 2)
  }

  /// Of a program whose requests are not drawn again, what it tells is shown.
  @Test func picturesOfOtherProgramsAreNamed() async throws {
    let file = Array(try Data(contentsOf: Fixtures.url("pictures/p3.png")))
    let texts = PNGChunks.text("Software", "NovelAI") + PNGChunks.text("Description", "a boat")
    try Data(PNGChunks.inserting(texts, into: file)).write(to: URL(fileURLWithPath: folder.path("other.png")))
    let shown = try await run("inspect", "other.png")
    #expect(
      shown.code == 0
        && shown.output.hasPrefix(
          "PNG picture of 17x11 pixels; its colours are brought to sRGB by its profile\n"),
      "\(shown)")
    #expect(shown.output.contains("made by  NovelAI") && shown.output.contains("prompt   a boat"), "\(shown)")
    let redone = try await run("redo", "other.png")
    #expect(redone.code == 2 && redone.error.contains("other.png: is a picture of NovelAI"), "\(redone)")
  }

  /// A picture that no program signed is described; only who wants its request is refused.
  @Test(arguments: [("alpha.png", "PNG"), ("aside.jpg", "JPEG"), ("beside.webp", "WebP")])
  func anyPictureIsInspected(name: String, format: String) async throws {
    let path = Fixtures.url("pictures/\(name)").path
    let text = try await run("inspect", path)
    #expect(text.code == 0 && text.output.hasPrefix("\(format) picture of "), "\(text.output)\(text.error)")
    #expect(text.output.hasSuffix(" pixels; it holds no request of darkroom and no text of A1111's\n"))
    struct Result: Decodable { let file: PictureFacts }
    let json = try await run("inspect", path, "--json")
    let facts = try JSONDecoder().decode(Result.self, from: Data(json.output.utf8)).file
    #expect(facts.format == format && !facts.holdsRequest)
    #expect(try await run("redo", path).code == 2)
    try folder.write("<html>", "page.png")
    #expect(try await run("inspect", "page.png").code == 2)
  }
}
