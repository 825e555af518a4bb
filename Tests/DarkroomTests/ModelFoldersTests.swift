import Darkroom
import Foundation
import TestSupport
import Testing

/// Models where other programs keep them, and the names by which they are found.
@Suite final class ModelFoldersTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("folders-\(UUID().uuidString)")
    for file in [
      "a1111/models/Stable-diffusion/dream.safetensors", "a1111/models/Stable-diffusion/anime/old.ckpt",
      "a1111/models/Stable-diffusion/anime/New Style.safetensors",
      "a1111/models/Stable-diffusion/dream.vae.safetensors", "a1111/models/VAE/kl.safetensors",
      "a1111/models/Lora/line.safetensors", "a1111/extensions/x/thing.safetensors",
      "comfy/models/checkpoints/real.safetensors", "comfy/models/loras/line.safetensors",
      "comfy/models/vae/mse.safetensors", "comfy/models/upscale_models/up.safetensors",
      "comfy/models/diffusers/toon/model_index.json", "comfy/models/diffusers/toon/unet/w.safetensors",
      "invoke/models/sd-1/main/photo/model_index.json", "invoke/models/sd-1/main/ink.safetensors",
      "invoke/models/sd-1/lora/line.safetensors", "invoke/models/sd-1/vae/soft/config.json",
      "plain/one.safetensors", "two/x.safetensors", "two/y.safetensors",
    ] {
      let place = folder.appendingPathComponent(file)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: place)
    }
    // A link into its own folder.
    try FileManager.default.createSymbolicLink(
      atPath: path("a1111/models/Stable-diffusion/again"), withDestinationPath: path("a1111/models"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private var store: ModelStore {
    ModelStore(
      environment: [
        "DARKROOM_MODELS": "\(path("a1111")):~/comfy", "HOME": folder.path, "HF_HOME": path("hf"),
      ], folders: [path("invoke")])
  }

  @Test(arguments: [
    ("a1111", ["anime/New Style", "anime/old", "dream"], ["dream.vae", "kl"]),
    ("comfy", ["real", "diffusers/toon"], ["mse"]),
    ("invoke", ["ink", "photo"], ["soft"]), ("comfy/models", ["real", "diffusers/toon"], ["mse"]),
    ("comfy/models/checkpoints", ["real"], []), ("comfy/models/vae", ["mse"], ["mse"]),
    ("plain", ["one"], []), ("missing", [], []),
  ])
  func layoutsOfOtherPrograms(name: String, models: [String], vaes: [String]) {
    let folders = ModelFolders([path(name)])
    func names(_ entries: [ModelFolders.Entry]) -> Set<String> { Set(entries.map(\.name)) }
    func last(_ names: [String]) -> Set<String> {
      Set(names.map { String($0.split(separator: "/").last ?? "") })
    }
    #expect(names(folders.entries(.model)) == last(models))
    #expect(names(folders.entries(.vae)) == last(vaes))
    #expect(folders.entries().count == models.count)
  }

  @Test(arguments: [
    ("dream", "a1111/models/Stable-diffusion/dream.safetensors"),
    ("dream.safetensors", "a1111/models/Stable-diffusion/dream.safetensors"),
    ("DREAM", "a1111/models/Stable-diffusion/dream.safetensors"),
    ("dream.safetensors [31e35c80fc]", "a1111/models/Stable-diffusion/dream.safetensors"),
    ("anime/old", "a1111/models/Stable-diffusion/anime/old.ckpt"),
    ("new style", "a1111/models/Stable-diffusion/anime/New Style.safetensors"),
    ("real", "comfy/models/checkpoints/real.safetensors"), ("toon", "comfy/models/diffusers/toon"),
    ("photo", "invoke/models/sd-1/main/photo"), ("~/plain", "plain/one.safetensors"),
    ("~/plain/one", "plain/one.safetensors"),
  ])
  func namesOfModels(name: String, file: String) throws {
    #expect(try store.source(named: name).path == path(file))
  }

  @Test func namesOfUpscalers() throws {
    #expect(try store.upscaler(named: "up").path == path("comfy/models/upscale_models/up.safetensors"))
    #expect(try store.upscaler(named: "animevideov3").isBuiltIn)
    #expect { try store.upscaler(named: "dream") } throws: {
      "\($0)".hasPrefix("no upscaler is called 'dream' here")
    }
  }

  @Test func namesOfVAEs() throws {
    #expect(try store.vae(named: "kl") == path("a1111/models/VAE/kl.safetensors"))
    #expect(try store.vae(named: "soft") == path("invoke/models/sd-1/vae/soft"))
    #expect { try store.vae(named: "dream") } throws: {
      "\($0)".hasPrefix("no VAE is called 'dream' here; expected a file, a folder, ")
    }
  }

  @Test func whatIsNotSureIsAsked() throws {
    #expect { try store.source(named: path("two")) } throws: {
      "\($0)" == "\(path("two")): holds several checkpoints: \(path("two/x.safetensors")), "
        + "\(path("two/y.safetensors")); expected the path of one"
    }
    #expect { try store.source(named: "dreem") } throws: {
      "\($0)".hasPrefix("no model is called 'dreem' here; ") && "\($0)".hasSuffix("; did you mean dream?")
    }
    try FileManager.default.copyItem(
      atPath: path("a1111/models/Stable-diffusion/dream.safetensors"),
      toPath: path("comfy/models/checkpoints/dream.safetensors"))
    #expect { try store.source(named: "dream") } throws: {
      "\($0)".hasPrefix("several are called 'dream': ") && "\($0)".hasSuffix("; expected the path of one")
    }
  }

  @Test func listsSayWhatIsThere() throws {
    try FileManager.default.removeItem(atPath: path("invoke/models/sd-1/main/photo"))
    try FileManager.default.copyItem(
      atPath: Fixtures.url("sd1_tiny").path, toPath: path("invoke/models/sd-1/main/photo"))
    let models = try store.models()
    let photo = try #require(models.first { $0.repository == "photo" })
    #expect(photo.family == "Stable Diffusion 1" && photo.reason == nil && photo.bytes > 1_000_000)
    let old = try #require(models.first { $0.repository == "old" })
    #expect(old.family == nil && old.reason?.contains("pickle") == true)
    #expect(ModelStore(environment: [:], folders: ["/no/such"]).missingFolders == ["/no/such"])
  }
}
