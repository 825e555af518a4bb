import Graph
import Models
import Sampling
import SystemFiles
import Tokenizer
import Weights

/// Latent diffusion (Rombach et al. 2022) of one CLIP text encoder whose width is the network's context, a UNet and an
/// autoencoder. The network may see a picture beside the latents.
final class LatentDiffusion: DiffusionModel {
  /// What tells one family of such models from another.
  struct Family {
    /// For programs and for people.
    let name: (name: String, title: String)
    /// What its networks predict where no file says it.
    var prediction = Prediction.epsilon
    /// What its pipeline sets in the scheduler's file, whatever that says.
    var scheduler: [String: JSONValue] = [:]
    /// What fills the sequences of the text encoder; nil for the end token.
    var padToken: String?
    var pictureConditioning: PictureConditioning?
    /// What diffusers' pipeline takes where a request says nothing.
    var steps = 50
    var guidanceScale = 7.5
    /// What the user should know of what was taken for granted.
    var notices: [String] = []

    /// What the pipeline of Stable Diffusion 1 and 2 sets in any file.
    static let stableDiffusionScheduler: [String: JSONValue] = ["steps_offset": 1, "clip_sample": false]
  }

  let traits: ModelTraits
  private let checkpoint: Checkpoint
  private let unet: UNet
  private let textEncoder: TextEncoder
  private let decoder: any LatentDecoder
  private var pictureConditioning: PictureConditioning? { traits.pictureConditioning }
  /// Nil if the model has none. Whether all of its tensors fit is checked when it is needed.
  private let unverifiedEncoder: (any LatentEncoder)?

  init(_ contents: ModelContents, _ sizes: Sizes, _ family: Family) throws {
    checkpoint = contents.checkpoint
    unet = UNet(checkpoint[.unet], sizes.unet)
    textEncoder = TextEncoder(checkpoint[.textEncoder], sizes.text)
    decoder = sizes.autoencoder.decoder(checkpoint[.vae])
    try checkpoint.verify()
    try checkpoint.refuseStrangers(in: [
      "unet.", "vae.decoder.", "vae.post_quant_conv.", "text_encoder.embeddings.", "text_encoder.encoder.",
    ])
    unverifiedEncoder = sizes.autoencoder.encoder(checkpoint[.vae])
    try contents.expectClasses([
      .unet: ["UNet2DConditionModel"], .vae: Autoencoder.classes, .textEncoder: ["CLIPTextModel"],
    ])
    let schedule = try contents.schedule(usual: family.prediction, overridden: family.scheduler)
    let tokenizer = try contents.tokenizer(length: sizes.text.positions, padToken: family.padToken)
    guard tokenizer.vocabulary.count <= sizes.text.vocabulary else {
      throw FamilyError(
        file: contents.path,
        "the tokenizer has \(tokenizer.vocabulary.count) tokens, more than the text encoder's \(sizes.text.vocabulary)"
      )
    }
    var defaults = SamplingDefaults(
      pipelineWith: schedule, steps: family.steps, guidanceScale: family.guidanceScale)
    defaults.prediction = try contents.predictionBesideFile()
    traits = ModelTraits(
      family: (family.name.name, family.name.title + (family.pictureConditioning?.purpose ?? "")),
      latents: sizes.autoencoder.latentSpace, nativeSide: sizes.unet.sampleSize * sizes.autoencoder.factor,
      noise: schedule, defaults: defaults, secondPass: SecondPassRule(), tokenizer: tokenizer,
      textPositions: sizes.text.positions, textLayers: sizes.text.layers,
      hasEncoder: unverifiedEncoder != nil, pictureConditioning: family.pictureConditioning,
      preview: try contents.previewColours(channels: sizes.autoencoder.latentChannels)
        ?? .published(for: sizes.autoencoder), notices: family.notices + contents.tokenizerNotices())
  }

  // MARK: Conditioning

  func conditioner(_ prompts: PromptTokens) -> Conditioner {
    let chunks = prompts.all.map(\.tokens.chunks.count).max() ?? 1
    // As in diffusers, the negative prompt always passes through all layers.
    let positive = encoder(skip: prompts.clipSkip)
    let negative = prompts.negative.map { _ in encoder(skip: 0) }
    let isEditing = pictureConditioning == .editing
    let shapes = ["context": [chunks * textEncoder.configuration.positions, textEncoder.configuration.width]]
    return Conditioner(
      modules: Array(Set([positive, negative].compactMap { $0 })), shapes: shapes,
      predictions: negative == nil ? 1 : isEditing ? 3 : 2
    ) { [self] run in
      func inputs(_ texts: [WeightedTokens], _ module: Module) throws -> NamedInputs {
        ["context": try context(texts, chunks: chunks, module, run)]
      }
      var predictions: [NamedInputs] = []
      if let negative, let texts = prompts.negative {
        // With the picture to edit and without it.
        predictions += Array(repeating: try inputs(texts, negative), count: isEditing ? 2 : 1)
      }
      return Conditioning(predictions + [try inputs(prompts.positive, positive)], shapes: shapes)
    }
  }

  /// Editing adds to the unconditional prediction u what the picture changes and what the prompt changes then:
  /// u + p (picture - u) + s (both - picture), with the guidance scales p and s (Brooks et al. 2023, equation 3).
  func guidanceWeights(scale: Float, pictureScale: Float) -> [Float] {
    pictureConditioning == .editing ? [pictureScale - scale, scale] : [scale]
  }

  private func encoder(skip: Int) -> Module {
    Module("text_encoder", sizes: [skip], of: checkpoint) { [textEncoder] in
      textEncoder.graph(batch: 1, skip: skip)
    }
  }

  /// The weighted mean of some texts' encodings.
  private func context(
    _ texts: [WeightedTokens], chunks: Int, _ module: Module, _ run: ModuleRunner
  ) throws -> [Float] {
    let total = texts.reduce(0) { $0 + $1.weight }
    var sum: [Float] = []
    for text in texts {
      let encoded = try context(text.tokens, chunks: chunks, module, run)
      guard texts.count > 1 else { return encoded }
      let share = text.weight / total
      sum = sum.isEmpty ? encoded.map { $0 * share } : zip(sum, encoded).map { $0 + $1 * share }
    }
    return sum
  }

  /// One chunk at a time, so that every prompt runs the same program; empty ones are added at the end.
  private func context(
    _ text: TokenizedPrompt, chunks: Int, _ module: Module, _ run: ModuleRunner
  ) throws -> [Float] {
    let (length, width) = (textEncoder.configuration.positions, textEncoder.configuration.width)
    return try traits.tokenizer.padded(text, toChunks: chunks).chunks.flatMap { chunk in
      let made = try run(module, ["ids": chunk.ids.map(Float.init)], ["context": [length, width]])
      var part = made["context"] ?? []
      applyPromptWeights(chunk.weights, to: &part, width: width)
      return part
    }
  }

  // MARK: Networks

  func denoiser(_ size: LatentSize, rows: Int, conditioning: ConditioningShapes) -> Module {
    let tokens = conditioning["context"]?[0] ?? 0
    return Module(
      "unet", sizes: [rows, size.height, size.width, tokens], of: checkpoint, eightBitLayers: .stableDiffusion
    ) { [unet] in
      unet.graph(batch: rows, height: size.height, width: size.width, tokens: tokens)
    }
  }

  var stepInputs: [StepInput] {
    [
      StepInput(name: "time", count: unet.configuration.blockChannels[0]) {
        [unet] in unet.writeTime($0.timestep, into: $1)
      }
    ]
  }

  func decoder(_ size: LatentSize) -> Module {
    Module("vae_decoder", sizes: [size.height, size.width], of: checkpoint, mayWorkInStrips: true) {
      [decoder] in
      decoder.graph(batch: 1, height: size.height, width: size.width, pixels: true)
    }
  }

  func encoder(_ size: LatentSize) throws -> Module {
    guard let encoder = unverifiedEncoder else {
      throw FamilyError(file: checkpoint.name, "has no VAE encoder")
    }
    try checkpoint.verify()
    return Module("vae_encoder", sizes: [size.height, size.width], of: checkpoint, mayWorkInStrips: true) {
      encoder.graph(batch: 1, height: size.height, width: size.width)
    }
  }
}

extension LatentDiffusion {
  /// Of the networks: from the folder's JSON files, else from the tensors, else the usual ones. Never from a file's name.
  struct Sizes {
    let unet: UNetConfiguration
    let text: TextEncoderConfiguration
    var autoencoder: Autoencoder

    init(_ contents: ModelContents) throws {
      (unet, text, autoencoder) = try contents.inferring {
        (
          try contents.configuration(.unet).map { try UNetConfiguration($0) }
            ?? UNetConfiguration(inferredFrom: contents.shape, family: UNetConfiguration()),
          try contents.configuration(.textEncoder).map { try TextEncoderConfiguration($0) }
            ?? TextEncoderConfiguration(inferredFrom: contents.shape, family: TextEncoderConfiguration()),
          try contents.configuration(.vae).map {
            try Autoencoder($0, class: contents.autoencoderClass($0))
          } ?? Autoencoder(inferredFrom: contents.shape)
        )
      }
    }

    /// - Throws: `FamilyError` if the autoencoder's latents are not the network's.
    func checkLatents(_ contents: ModelContents) throws {
      guard autoencoder.latentChannels != unet.outputChannels else { return }
      throw FamilyError(
        file: contents.path,
        "the VAE has \(autoencoder.latentChannels) latent channels, the UNet \(unet.outputChannels)")
    }

    /// - Throws: also if the network is told of noise levels, which nobody gives to models of text and latents.
    func check(_ contents: ModelContents) throws {
      try checkLatents(contents)
      guard let classes = unet.noiseLevels else { return }
      throw FamilyError(
        file: contents.path, "unet: num_class_embeds: \(classes) is not supported; expected null")
    }

    var networks: String {
      "UNet with \(unet.inputChannels) input channels and context \(unet.contextChannels), text encoder of width \(text.width)"
    }
  }
}

extension Autoencoder {
  /// diffusers' pipelines of these families scale latents and do not shift them, whatever a file says.
  fileprivate var latentSpace: LatentSpace {
    LatentSpace(channels: latentChannels, factor: factor, scale: latentScale, shift: 0, coding: coding)
  }

  private var coding: LatentCoding {
    switch self {
    case .variational: .variational
    case .tiny: .tiny(limit: TinyAutoencoderConfiguration.limit)
    }
  }
}
