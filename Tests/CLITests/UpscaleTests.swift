import Darkroom
import Foundation
import Pictures
import TestSupport
import Testing

/// `darkroom upscale`, from files to files.
@Suite struct UpscaleTests {
  private let folder: TemporaryFolder

  /// `a.png` and `b.jpg` have 12x8 pixels.
  init() throws {
    folder = try TemporaryFolder()
    let picture = Picture(
      width: 12, height: 8, pixels: (0..<12 * 8 * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
    for name in ["a.png", "b.jpg"] { try picture.write(to: folder.path(name)) }
  }

  private func run(_ words: String...) async throws -> BuiltCommand.Result {
    try await BuiltCommand.run(["upscale"] + words, in: folder, environment: [:])
  }

  private func size(_ name: String) throws -> [Int] {
    let facts = try PictureFacts(ofPicture: folder.path(name))
    return [facts.width, facts.height]
  }

  @Test func namesAreMadeAndReplaceNothing() async throws {
    for expected in ["a-4x.png", "a-4x-2.png"] {
      let made = try await run("a.png")
      #expect(made.code == 0 && made.output == "\(expected)\n", "\(made.error)")
      #expect(try size(expected) == [48, 32])
    }
    let several = try await run(
      "a.png", "b.jpg", "--scale", "1.5", "--method", "lanczos", "--output", "large/")
    #expect(several.output == "large/a-1.5x.png\nlarge/b-1.5x.png\n", "\(several.error)")
    #expect(try size("large/b-1.5x.png") == [18, 12])
    let numbered = try await run("a.png", "b.jpg", "--scale", "2", "--output", "c.webp")
    #expect(numbered.output == "c-1.webp\nc-2.webp\n" && numbered.code == 0)
  }

  @Test func jsonTellsWhatWasDone() async throws {
    let model = Fixtures.url("upscaling/rrdb_x2.safetensors").path
    let made = try await run("b.jpg", "--model", model, "--json", "--output", "c.png")
    let object = try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any]
    #expect(object?["source"] as? String == "b.jpg" && object?["width"] as? Int == 24)
    let record = object?["upscaling"] as? [String: Any]
    #expect(record?["model"] as? String == "rrdb_x2" && record?["scale"] as? Double == 2)
    #expect((record?["model_fingerprint"] as? String)?.count == 64)
    let told = try await BuiltCommand.run(["inspect", "c.png"], in: folder, environment: [:])
    #expect(told.output.contains("enlarged from 12x8 by rrdb_x2"))
  }

  /// Of several pictures the others go on.
  @Test func faultsAreNamed() async throws {
    try folder.write("hello", "c.png")
    let one = try await run("c.png")
    #expect(one.code == 2 && one.error.contains("c.png: not a picture"), "\(one.error)")
    let several = try await run("c.png", "a.png", "--scale", "2")
    #expect(several.code == 1 && several.output == "a-2x.png\n")
    #expect(several.error.contains("1 of 2 pictures failed"))
    let large = try await run("a.png", "--pixel-limit", "1", "--model", "none.safetensors")
    #expect(large.code == 1 && large.error.contains("none.safetensors"))
    let model = try await run("a.png", "--method", "lanczos", "--model", "x.safetensors")
    #expect(model.code == 2 && model.error.contains("--model: lanczos has no model"))
    for flag in ["--steps", "--prompt", "--creativity"] {
      let unused = try await run("a.png", flag, "1")
      #expect(unused.code == 2 && unused.error.contains("\(flag): belongs to --method conservative"))
    }
    let words = try await run()
    #expect(words.code == 2 && words.error.contains("no PICTURE; expected darkroom upscale PICTURE"))
  }

  @Test func onePictureMayBeTheOutput() async throws {
    let made = try await BuiltCommand.run(
      ["upscale", "a.png", "--output", "-", "--format", "jpeg"], in: folder, environment: [:])
    #expect(made.code == 0 && made.error.isEmpty, "\(made.error)")
    #expect(try await run("a.png", "b.jpg", "--output", "-").code == 2)
  }

  @Test func upscalersAreInspected() async throws {
    for (name, network) in [
      ("animevideov3", "SRVGGNetCompact"), (Fixtures.url("upscaling/rrdb_x4.safetensors").path, "RRDBNet"),
    ] {
      let told = try await BuiltCommand.run(["inspect", name], in: folder, environment: [:])
      #expect(told.code == 0 && told.output.contains(network), "\(told.error)")
    }
  }
}
