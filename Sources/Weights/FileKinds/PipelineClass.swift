import SystemFiles

/// What the class in a folder's `model_index.json`, with the sizes of its UNet, says of the model.
struct PipelineClass {
  /// The name of diffusers' class; nil if the file names none.
  let name: String?
  /// A model of the UNet's family and inputs, if it is none to draw with.
  private let unet: String?

  /// - Parameters:
  ///   - index: the fields of `model_index.json`; a class of a program beside it is a pair of module and name.
  ///   - unet: those of `unet/config.json`, as far as they can be read.
  init(_ index: [String: JSONValue], unet: [String: JSONValue]) {
    switch index["_class_name"] {
    case .text(let text): name = text
    case .list(let words): name = if case .text(let text) = words.last { text } else { nil }
    default: name = nil
    }
    func size(_ field: String) -> Int? {
      if case .number(let size) = unet[field] { Int(exactly: size) } else { nil }
    }
    let family = UNetFacts.family(context: size("cross_attention_dim"))
    let variant = UNetFacts.variant(inputs: size("in_channels") ?? 4)
    // These are read as folders alone: the x4 upscaler, and Stable Diffusion 2.
    let isUpscaler = size("in_channels") == 7
    let hasOpenCLIP = size("cross_attention_dim") == 1024
    self.unet =
      isUpscaler || (family.isDrawn || hasOpenCLIP) && variant?.isDrawn != false
      ? nil : [family.title, variant?.title].compactMap { $0 }.joined(separator: " ")
  }

  /// What is told of a model that cannot be drawn; nil if it may be.
  var problem: String? {
    guard let name else { return unet.map { FileKind("a model of \($0)", .model).problem } }
    guard !Self.drawn.contains(name) || unet != nil else { return nil }
    let own = name.hasPrefix("StableDiffusion") ? unet : nil
    let title = (own ?? Self.title(name)).map { "a model of \($0) (\(name))" } ?? "a model for \(name)"
    return FileKind(title, .model).problem
  }

  /// Pipelines whose pictures are those of Stable Diffusion 1 or 2, or of the x4 upscaler.
  private static let drawn: Set<String> = [
    "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionKDiffusionPipeline",
    "StableDiffusionPipelineSafe", "StableDiffusionInpaintPipeline", "StableDiffusionInpaintPipelineLegacy",
    "StableDiffusionInstructPix2PixPipeline", "LatentConsistencyModelPipeline",
    "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionUpscalePipeline",
  ]

  /// The table: how classes begin, and how people call their models.
  private static let titles = [
    ("StableDiffusionXL", "Stable Diffusion XL (SDXL)"), ("StableDiffusion3", "Stable Diffusion 3 or 3.5"),
    ("StableVideo", "video (Stable Video Diffusion)"), ("Hotshot", "video (Hotshot-XL)"),
    ("AnimateDiff", "video (AnimateDiff)"), ("TextToVideo", "video"), ("Wan", "video (Wan)"),
    ("CogVideo", "video (CogVideoX)"), ("LTX", "video (LTX-Video)"), ("Mochi", "video (Mochi)"),
    ("HunyuanVideo", "video (HunyuanVideo)"), ("Flux", "Flux"), ("Chroma", "Chroma, a relative of Flux"),
    ("PixArt", "PixArt"), ("StableCascade", "Stable Cascade (Würstchen)"),
    ("Wuerstchen", "Stable Cascade (Würstchen)"), ("HunyuanDiT", "Hunyuan-DiT"), ("Kandinsky", "Kandinsky"),
    ("Kolors", "Kolors"), ("AuraFlow", "AuraFlow"), ("Lumina", "Lumina"), ("QwenImage", "Qwen-Image"),
    ("Sana", "Sana"), ("IF", "DeepFloyd IF"), ("DDPM", "unconditional pictures (DDPM)"),
    ("DDIM", "unconditional pictures (DDIM)"), ("StableUnCLIP", "Stable Diffusion 2 (unCLIP)"),
    ("UnCLIP", "unCLIP"), ("StableAudio", "sound (Stable Audio)"), ("AudioLDM", "sound (AudioLDM)"),
    ("StableDiffusionDepth2Img", "Stable Diffusion guided by depth"),
    ("StableDiffusionLatentUpscale", "Stable Diffusion for upscaling"),
    ("StableDiffusionControlNet", "Stable Diffusion with a ControlNet"),
    ("StableDiffusionAdapter", "Stable Diffusion with a T2I-Adapter"),
    ("StableDiffusionGLIGEN", "Stable Diffusion with GLIGEN"),
    ("OnnxStableDiffusion", "Stable Diffusion in ONNX files"),
  ]

  private static func title(_ name: String) -> String? { titles.first { name.hasPrefix($0.0) }?.1 }
}
