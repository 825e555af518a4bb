import Darkroom
import Foundation
import TestSupport
import Testing

/// Models where they already are, as users name them.
@Suite(.serialized) struct ModelPlacesTests {
  private let folder: TemporaryFolder

  /// A folder of ComfyUI's with one model and one VAE, and a configuration that names it.
  init() throws {
    folder = try TemporaryFolder()
    let files = FileManager.default
    for name in ["comfy/models/diffusers", "comfy/models/vae", "config/darkroom"] {
      try files.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
    }
    try files.copyItem(atPath: BuiltCommand.model, toPath: folder.path("comfy/models/diffusers/toon"))
    try files.copyItem(
      atPath: "\(BuiltCommand.model)/vae/diffusion_pytorch_model.safetensors",
      toPath: folder.path("comfy/models/vae/soft.safetensors"))
    try folder.write(
      #"{"models": ["\#(folder.path("comfy"))"], "model": "toon", "device": "cpu", "defaults": {"steps": 2}}"#,
      "config/darkroom/config.json")
  }

  private func run(_ words: String..., configured: Bool = true) async throws -> BuiltCommand.Result {
    var environment = ["HF_HOME": folder.path("hf")]
    if configured { environment["XDG_CONFIG_HOME"] = folder.path("config") }
    return try await BuiltCommand.run(words, in: folder, environment: environment)
  }

  @Test func theConfigurationIsTaken() async throws {
    let made = try await run("generate", "a cat", "--seed", "1", "--output", "a.png")
    #expect(made.code == 0, "\(made.error)")
    let record = try PictureRecord(fromPicture: folder.path("a.png"))
    #expect(record.model?.name == "toon" && record.request.steps == 2)
    // A flag stands above it.
    #expect(try await run("generate", "a cat", "--steps", "3", "--output", "b.png").code == 0)
    #expect(try PictureRecord(fromPicture: folder.path("b.png")).request.steps == 3)
    let listed = try await run("models")
    #expect(listed.lines.contains { $0.hasPrefix("toon ") && $0.hasSuffix("Stable Diffusion 1") })
    try folder.write(#"{"device": "gpu"}"#, "config/darkroom/config.json")
    let refused = try await run("models")
    #expect(refused.code == 2 && refused.error.contains("config.json: device: gpu is not possible"))
  }

  @Test func aVAEOfItsOwnIsFoundAgain() async throws {
    let made = try await run("generate", "a cat", "--seed", "1", "--vae", "soft", "--output", "a.png")
    #expect(made.code == 0, "\(made.error)")
    #expect(try await run("inspect", "a.png").output.contains("\nVAE  "))
    #expect(try await run("redo", "a.png", "--output", "b.png").code == 0)
    #expect(try folder.data("b.png") == folder.data("a.png"))
    let missing = try await run(
      "redo", "a.png", "--model", BuiltCommand.model, "--output", "c.png", configured: false)
    #expect(missing.code == 1 && missing.error.contains("drawn with the VAE soft (fingerprint "))
    #expect(missing.error.contains("or --vae") && !folder.names.contains("c.png"))
  }
}
