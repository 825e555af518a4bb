import Graph
import Models
import Sampling
import Tokenizer
import Weights

/// Stable Diffusion 1.x: one CLIP text encoder whose width is the network's context, four latent channels, the same
/// number of attention heads on all levels. The network may see a picture beside the latents, to inpaint or to edit it.
final class StableDiffusion1: DiffusionModel {
  let traits: ModelTraits
  private let checkpoint: Checkpoint
  private let unet: UNet
  private let textEncoder: TextEncoder
  private let vae: VAEDecoder
  private let pictureConditioning: PictureConditioning?
  /// Nil if the model has none. Whether all of its tensors fit is checked when it is needed.
  private let unverifiedEncoder: VAEEncoder?

  fileprivate init(_ contents: ModelContents, _ sizes: Sizes) throws {
    checkpoint = contents.checkpoint
    unet = UNet(checkpoint[.unet], sizes.unet)
    textEncoder = TextEncoder(checkpoint[.textEncoder], sizes.text)
    vae = VAEDecoder(checkpoint[.vae], sizes.vae)
    pictureConditioning = sizes.pictureConditioning
    try checkpoint.verify()
    try checkpoint.refuseStrangers(in: [
      "unet.", "vae.decoder.", "vae.post_quant_conv.", "text_encoder.embeddings.", "text_encoder.encoder.",
    ])
    let weights = checkpoint[.vae]
    unverifiedEncoder = weights.contains(VAEEncoder.firstTensor) ? VAEEncoder(weights, sizes.vae) : nil
    try contents.expectClasses([
      .unet: ["UNet2DConditionModel"], .vae: ["AutoencoderKL"], .textEncoder: ["CLIPTextModel"],
    ])
    // Its pipeline sets these two in any file.
    let schedule = try contents.schedule(
      usual: .epsilon, overridden: ["steps_offset": 1, "clip_sample": false])
    let tokenizer = try contents.tokenizer(length: sizes.text.positions)
    guard tokenizer.vocabulary.count <= sizes.text.vocabulary else {
      throw FamilyError(
        file: contents.path,
        "the tokenizer has \(tokenizer.vocabulary.count) tokens, more than the text encoder's \(sizes.text.vocabulary)"
      )
    }
    var defaults = SamplingDefaults(pipelineWith: schedule)
    defaults.prediction = try contents.predictionBesideFile()
    if sizes.pictureConditioning == .editing, defaults.steps != nil { defaults.steps = 100 }
    traits = ModelTraits(
      family: (ModelFamily.stableDiffusion1.name, ModelFamily.stableDiffusion1.title),
      latents: sizes.vae.latentSpace, nativeSide: sizes.unet.sampleSize * sizes.vae.factor,
      noise: schedule, defaults: defaults, secondPass: SecondPassRule(), tokenizer: tokenizer,
      textPositions: sizes.text.positions, textLayers: sizes.text.layers,
      hasEncoder: unverifiedEncoder != nil, pictureConditioning: sizes.pictureConditioning,
      preview: try contents.previewColours(channels: sizes.vae.latentChannels)
        ?? .published(for: sizes.vae), notices: contents.tokenizerNotices())
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
    return Module("unet", sizes: [rows, size.height, size.width, tokens], of: checkpoint) { [unet] in
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
    Module("vae_decoder", sizes: [size.height, size.width], of: checkpoint, mayWorkInStrips: true) { [vae] in
      vae.graph(batch: 1, height: size.height, width: size.width, pixels: true)
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

extension ModelFamily {
  static let stableDiffusion1 = ModelFamily(name: "sd1", title: "Stable Diffusion 1") { contents in
    try contents.require([.unet, .textEncoder, .vae])
    let sizes = try StableDiffusion1.Sizes(contents)
    guard sizes.isStableDiffusion1 else { return .foreign(sizes.networks) }
    guard sizes.vae.latentChannels == sizes.unet.outputChannels else {
      throw FamilyError(
        file: contents.path,
        "the VAE has \(sizes.vae.latentChannels) latent channels, the UNet \(sizes.unet.outputChannels)")
    }
    return .model(try StableDiffusion1(contents, sizes))
  }
}

extension StableDiffusion1 {
  /// Of the networks: from the folder's JSON files, else from the tensors, else the family's own. Never from a file's
  /// name.
  fileprivate struct Sizes {
    let unet: UNetConfiguration
    let text: TextEncoderConfiguration
    private(set) var vae: VAEConfiguration

    init(_ contents: ModelContents) throws {
      (unet, text, vae) = try contents.inferring {
        (
          try contents.configuration(.unet).map { try UNetConfiguration($0) }
            ?? UNetConfiguration(inferredFrom: contents.shape, family: UNetConfiguration()),
          try contents.configuration(.textEncoder).map { try TextEncoderConfiguration($0) }
            ?? TextEncoderConfiguration(inferredFrom: contents.shape, family: TextEncoderConfiguration()),
          try contents.configuration(.vae).map { try VAEConfiguration($0) }
            ?? VAEConfiguration(inferredFrom: contents.shape, family: VAEConfiguration())
        )
      }
      // diffusers' pipeline of this family scales latents and does not shift them, whatever the file says.
      vae.latentShift = 0
    }

    var isStableDiffusion1: Bool {
      unet.contextChannels == text.width && [4, 8, 9].contains(unet.inputChannels)
        && unet.outputChannels == 4 && Set(unet.heads).count == 1
    }

    /// By the first convolution's channels.
    var pictureConditioning: PictureConditioning? {
      [8: PictureConditioning.editing, 9: .inpainting][unet.inputChannels]
    }

    var networks: String {
      "UNet with \(unet.inputChannels) input channels and context \(unet.contextChannels), text encoder of width \(text.width)"
    }
  }
}

extension VAEConfiguration {
  var latentSpace: LatentSpace {
    LatentSpace(channels: latentChannels, factor: factor, scale: latentScale, shift: latentShift)
  }
}
