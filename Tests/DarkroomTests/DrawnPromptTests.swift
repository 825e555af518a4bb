import Darkroom
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

/// Prompts with choices, from the request to the file.
@Suite final class DrawnPromptTests {
  private let folder: String

  init() throws {
    folder =
      FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID().uuidString)").path
    for (name, text) in [
      ("animal.txt", "# comment\ncat\r\n\n  {dog|puppy}\n"), ("colours/warm.txt", "\u{FEFF}red\n"),
      ("colours/cold.txt", "blue\n"), ("empty.txt", "# nothing\n\n"),
    ] {
      let path = "\(folder)/\(name)"
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true
      )
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
    try Data([0xFF]).write(to: URL(fileURLWithPath: "\(folder)/latin.txt"))
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func request(_ prompt: String, count: Int = 1) -> GenerationRequest {
    var request = GenerationRequest(prompt: prompt)
    (request.width, request.height, request.steps, request.precision) = (64, 64, 1, .float32)
    (request.seed, request.count) = (5, count)
    return request
  }

  private struct Made: Sendable {
    var pictures: [GeneratedPicture] = []
    var notices: [String] = []
    var progress: [GenerationProgress] = []
  }

  private func generate(_ request: GenerationRequest) async throws -> Made {
    let engine = try Engine(device: .cpu, threads: 2, wildcards: folder)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    let made = Mutex(Made())
    try await engine.generate(
      request, progress: { now in made.withLock { $0.progress.append(now) } },
      notice: { notice in made.withLock { $0.notices.append(notice.description) } },
      finished: { picture in made.withLock { $0.pictures.append(picture) } })
    return made.withLock { $0 }
  }

  @Test func everyPictureDrawsByItsSeed() async throws {
    var template = request("a {red|blue|green|grey} __animal__ <lora:x:1>", count: 6)
    template.negativePrompt = "{fog|rain}"
    let made = try await generate(template)
    let prompts = made.pictures.map(\.request.prompt)
    #expect(Set(prompts).count > 3 && prompts.allSatisfy { !$0.contains("{") && !$0.contains("__") })
    #expect(made.pictures.map(\.index) == Array(0..<6))
    #expect(made.pictures.map { $0.request.seed } == [5, 6, 7, 8, 9, 10])
    #expect(made.pictures.allSatisfy { $0.request.request.promptTemplate == template.prompt })
    #expect(Set(made.pictures.map { $0.request.negativePrompt }) == ["fog", "rain"])
    #expect(made.notices.count { $0.contains("<lora:x:1>") } == 1, "once, not for each picture")
    #expect(made.progress.allSatisfy { $0.pictures == 6 && (0...1).contains($0.fraction) })
    #expect(
      zip(made.progress, made.progress.dropFirst()).allSatisfy { $0.finishedPictures <= $1.finishedPictures })
    // A picture by itself: from the template and its seed, and from its own request.
    var single = template
    (single.seed, single.count) = (8, 1)
    let alone = try await generate(single).pictures[0]
    #expect(try alone.encoded() == made.pictures[3].encoded())
    let again = try await generate(made.pictures[3].request.request).pictures[0]
    #expect(try again.encoded() == made.pictures[3].encoded())
  }

  /// The same as the drawn prompt in a batch of the same noise.
  @Test func oneGeneratorForAll() async throws {
    var plain = request("a cat", count: 2)
    plain.batchNoise = .oneTensor
    var template = plain
    template.prompt = "a {0::dog|cat}"
    let expected = try await generate(plain).pictures
    let drawn = try await generate(template).pictures
    #expect(
      drawn.map(\.pixels) == expected.map(\.pixels) && drawn[1].request.batchPlace?.description == "2/2")
  }

  @Test func plainPromptsDrawNothing() async throws {
    var plain = request("a {red|blue} __missing__", count: 2)
    plain.promptSyntax = .plain
    let made = try await generate(plain)
    #expect(
      made.pictures.allSatisfy {
        $0.request.prompt == plain.prompt && $0.request.request.promptTemplate == nil
      })
  }

  @Test func listsAreFiles() throws {
    let lists = Wildcards(folder: folder)
    #expect(try lists.lines(of: "animal") == ["cat", "  {dog|puppy}"])
    #expect(try lists.lines(of: "colours/warm") == ["red"])
    #expect(try lists.lines(of: "colours/*") == ["blue", "red"])
    #expect(try Set(lists.lines(of: "ani*")) == ["cat", "  {dog|puppy}"], "not in other folders")
    for (name, reason) in [
      ("missing", "there is no file \(folder)/missing.txt"), ("../x", "is not the name of a file"),
      ("/etc/passwd", "is not the name of a file"), ("empty", "empty.txt has no lines"),
      ("latin", "latin.txt is not text in UTF-8"), ("x*", "no file fits \(folder)/x*.txt"),
    ] {
      let error = #expect(throws: DarkroomError.self) { try lists.lines(of: name) }
      #expect(
        error?.kind == .request && error?.description.contains(reason) == true, "\(name): \(error as Any)")
    }
  }

  @Test func errorsNameTheField() async {
    for (prompt, reason) in [("__missing__", "prompt: __missing__: there is no file"), ("{a|", "")] {
      do {
        _ = try await generate(request(prompt))
        #expect(reason.isEmpty)
      } catch { #expect("\(error)".hasPrefix(reason) && !reason.isEmpty) }
    }
  }
}
