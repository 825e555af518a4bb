import FoundationEssentials
import Graph
import Models
import Sampling
import Tokenizer
import Weights

/// The sizes of a model's networks and its schedule: from the folder's JSON files; for a single file from a
/// folder that the caller names, else from its tensors, else from the family. Never from a file's name.
struct Configurations {
  let unet: UNetConfiguration
  let textEncoder: TextEncoderConfiguration
  let vae: VAEConfiguration
  let family: ModelFamily
  /// The folder with `scheduler/` and `tokenizer/`, if there is one.
  private let folder: ModelFolder?

  init(_ files: ModelFiles, _ checkpoint: Checkpoint, folder named: String?) throws {
    if let named, !FileManager.default.fileExists(atPath: named) {
      throw DarkroomError(.model, "\(named): no such folder; expected one with unet/config.json and the like")
    }
    let folder = named.map { ModelFolder($0) } ?? files.folder
    self.folder = folder
    func file(_ part: ModelPart) throws -> ConfigurationFile? {
      try folder.map { try $0.configuration("\(part.rawValue)/config.json") }
    }
    // Every family's networks have the same parts, so the first one's sizes start the search.
    let family = ModelFamily.stableDiffusion1
    let shape: ShapeLookup = { checkpoint.tensor($0)?.shape }
    do {
      unet =
        try file(.unet).map { try UNetConfiguration($0) }
        ?? UNetConfiguration(inferredFrom: shape, family: family.unet)
      textEncoder =
        try file(.textEncoder).map { try TextEncoderConfiguration($0) }
        ?? TextEncoderConfiguration(inferredFrom: shape, family: family.textEncoder)
      vae =
        try file(.vae).map { try VAEConfiguration($0) }
        ?? VAEConfiguration(inferredFrom: shape, family: family.vae)
    } catch let error as InferenceError {
      throw DarkroomError(.model, "\(files.path): not a model of a known family: \(error)")
    }
    let (unet, textEncoder) = (unet, textEncoder)
    guard let found = ModelFamily.all.first(where: { $0.recognises(unet, textEncoder) }) else {
      throw DarkroomError(
        .model,
        "\(files.path): a model of no known family (UNet with \(unet.inputChannels) input channels and context \(unet.contextChannels), text encoder of width \(textEncoder.width)); expected \(ModelFamily.all.map(\.title).joined(separator: " or "))"
      )
    }
    self.family = found
    guard vae.latentChannels == unet.outputChannels else {
      throw DarkroomError(
        .model,
        "\(files.path): the VAE has \(vae.latentChannels) latent channels, the UNet \(unet.outputChannels)")
    }
  }

  /// The model's own noise schedule, by `scheduler/scheduler_config.json`.
  func schedule() throws -> ModelSchedule {
    let name = "scheduler/scheduler_config.json"
    guard let folder, folder.has(name) else { return try ModelSchedule(family) }
    return try ModelSchedule(folder.configuration(name), family)
  }

  /// How the model's latents look: by its own table, else by its family's, if it has the family's autoencoder.
  func previewColours() throws -> PreviewColours? {
    let name = "vae/preview.json"
    guard let folder, folder.has(name) else { return vae == family.vae ? family.preview : nil }
    return try PreviewColours(folder.configuration(name), channels: vae.latentChannels)
  }

  /// The model's own vocabulary, else the built-in one of CLIP.
  func tokenizer() throws -> CLIPTokenizer {
    guard let folder, folder.has("tokenizer") else { return CLIPTokenizer(try Vocabulary.clip()) }
    let files = VocabularyFolder(folder.path("tokenizer")) { name in
      do {
        return try folder.contents("tokenizer/\(name)")
      } catch let error as WeightsError {
        throw VocabularyError.unreadable(file: error.file, reason: error.reason)
      }
    }
    return CLIPTokenizer(try Vocabulary.load(files))
  }
}

extension ModelFolder {
  fileprivate func configuration(_ name: String) throws -> ConfigurationFile {
    guard let bytes = try contents(name) else {
      throw WeightsError(.unreadable, file: path(name), "no such file")
    }
    return try ConfigurationFile(path(name), bytes)
  }
}
