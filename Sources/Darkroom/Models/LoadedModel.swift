import FoundationEssentials
import Graph
import Hub
import Models
import Sampling
import Tokenizer
import Weights

/// A model whose files are open and whose networks know their parameters. The numbers are read when a backend
/// packs them.
package final class LoadedModel {
  let source: ModelSource
  let checkpoint: Checkpoint
  let family: ModelFamily
  let unet: UNet
  let textEncoder: TextEncoder
  let decoder: VAEDecoder
  /// Nil if the model has none. Whether all of its tensors fit is checked when it is needed.
  private let unverifiedEncoder: VAEEncoder?
  let tokenizer: CLIPTokenizer
  let prediction: Prediction
  /// How latents look; nil if that is not known.
  package let previewColours: PreviewColours?
  private let schedule: ModelSchedule

  /// - Throws: an error that names the file and the tensor or field that does not fit.
  package init(_ source: ModelSource) throws {
    self.source = source
    let files = try source.isBuiltIn ? ModelFiles(ModelFolder.builtIn) : ModelFiles(source.path)
    checkpoint = try Checkpoint(files)
    let configurations = try Configurations(files, checkpoint, folder: source.configuration)
    family = configurations.family
    unet = UNet(checkpoint[.unet], configurations.unet)
    textEncoder = TextEncoder(checkpoint[.textEncoder], configurations.textEncoder)
    decoder = VAEDecoder(checkpoint[.vae], configurations.vae)
    try checkpoint.verify()
    let vae = checkpoint[.vae]
    unverifiedEncoder =
      vae.contains(VAEEncoder.firstTensor) ? VAEEncoder(vae, configurations.vae) : nil
    schedule = try configurations.schedule()
    prediction = schedule.prediction
    tokenizer = try configurations.tokenizer()
    previewColours = try configurations.previewColours()
    let vocabulary = configurations.textEncoder.vocabulary
    guard tokenizer.vocabulary.count <= vocabulary else {
      throw DarkroomError(
        .model,
        "\(source.path): the tokenizer has \(tokenizer.vocabulary.count) tokens, more than the text encoder's \(vocabulary)"
      )
    }
  }

  /// The noise that the model was trained on, with the spacing that a sampler uses by default.
  func training(for sampler: Sampler) throws -> TrainingNoise { try schedule.training(for: sampler) }

  var hasEncoder: Bool { unverifiedEncoder != nil }

  /// The VAE's encoder, which only pictures that are made from pictures need.
  /// - Throws: an error that says that the model has none, or which of its tensors are missing or of another shape.
  var encoder: VAEEncoder {
    get throws {
      guard let unverifiedEncoder else {
        throw DarkroomError(.model, "\(checkpoint.name): has no VAE encoder")
      }
      try checkpoint.verify()
      return unverifiedEncoder
    }
  }

  /// The name that metadata and file names use.
  var name: String {
    HubCache.modelName(ofFolder: source.path)
      ?? URL(fileURLWithPath: source.path).deletingPathExtension().lastPathComponent
  }

  var nativeSide: Int { unet.configuration.sampleSize * decoder.configuration.factor }

  /// The size of the first pass of a picture that is too large to be drawn at once; nil if it is not.
  func firstPass(width: Int, height: Int) -> (width: Int, height: Int)? {
    family.secondPass.firstPass(
      width: width, height: height, nativeSide: nativeSide, factor: decoder.configuration.factor)
  }

  var summary: ModelSummary {
    ModelSummary(
      checkpoint, family: family.title, nativeSide: nativeSide, prediction: prediction.rawValue,
      unknown: checkpoint.unusedNames())
  }
}

extension ModelSummary {
  /// Looks at a model without reading its numbers.
  /// - Throws: `DarkroomError` of kind `model`, naming the file and the tensor or field that does not fit.
  public static func inspect(_ source: ModelSource) throws -> ModelSummary {
    try DarkroomError.wrapping { try LoadedModel(source).summary }
  }

  init(_ checkpoint: Checkpoint, family: String, nativeSide: Int, prediction: String, unknown: [String]) {
    self.init(
      family: family, layout: checkpoint.layouts.joined(separator: ", "),
      parts: checkpoint.summaries.map { part in
        Part(
          name: part.part.rawValue, tensors: part.tensors, parameters: part.parameters,
          dtypes: Dictionary(uniqueKeysWithValues: part.dtypes.map { ($0.key.rawValue, $0.value) }))
      },
      nativeWidth: nativeSide, nativeHeight: nativeSide, prediction: prediction, unknownTensors: unknown)
  }
}
