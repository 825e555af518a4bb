import Graph

/// What a file of tensors is that is no model to draw with, known by tensors that no other kind has. Files are called
/// what their owners like, so a name tells nothing.
package struct FileKind: Sendable {
  enum Role: Sendable {
    /// A model of another family.
    case model
    /// It changes or steers a model.
    case addition
    /// A network without the others of its model.
    case part
    /// Numbers that are packed in a way of their own.
    case quantised
    /// It enlarges pictures that exist.
    case upscaler
    /// Nothing that pictures are made with.
    case unrelated
  }

  /// As it follows "is".
  let title: String
  let role: Role
  let isMarked: @Sendable (TensorNames) -> Bool

  init(
    _ title: String, _ role: Role, _ isMarked: @escaping @Sendable (TensorNames) -> Bool = { _ in true }
  ) {
    (self.title, self.role, self.isMarked) = (title, role, isMarked)
  }

  /// What it is, and what to take instead.
  var problem: String {
    switch role {
    case .model: "is \(title): this kind of model is not supported; \(Self.expected)"
    case .addition:
      "is \(title): it goes with a model, is none by itself, and is not supported; \(Self.expected)"
    case .part: "is \(title), which is a part of a model; \(Self.expected), with UNet, VAE and text encoder"
    case .quantised: "is \(title), which is not read; choose the float16 or float32 file of the same model"
    case .upscaler:
      "is \(title), which enlarges pictures and draws none: use darkroom upscale PICTURE --model FILE; \(Self.expected)"
    case .unrelated: "is \(title), and nothing that draws; \(Self.expected)"
    }
  }

  static let expected = "expected a model of Stable Diffusion 1, or a diffusers folder of Stable Diffusion 2"
  static let expectedUpscaler =
    "expected an upscaler of ESRGAN's or Real-ESRGAN's networks, RRDBNet or SRVGGNetCompact"

  /// What a file is that cannot be drawn with; nil for checkpoints that may be, and for what nobody here knows.
  static func recognise(_ names: TensorNames) -> FileKind? {
    if let kind = quantised.first(where: { $0.isMarked(names) }) { return kind }
    // Half a UNet by itself may be a ControlNet.
    if let unet = UNetFacts(names), !(unet.isAlone && controlNet.isMarked(names)) {
      return motion.isMarked(names) ? motion : unet.kind
    }
    return (additions + models + parts + upscalers + unrelated).first { $0.isMarked(names) }
  }

  /// What a checkpoint holds besides a model, and is not used.
  static func additions(in names: TensorNames) -> [String] {
    guard UNetFacts(names)?.isAlone == false else { return [] }
    return additions.filter { $0.isMarked(names) }.map(\.title)
  }
}

/// What a UNet's tensors tell of its model: the width of what it is told and its input channels differ between families.
struct UNetFacts {
  /// No text encoder and no VAE stand beside it.
  let isAlone: Bool
  /// Nil for a model that may be drawn with.
  let kind: FileKind?

  /// - Returns: nil if there is no UNet.
  init?(_ names: TensorNames) {
    guard let (prefix, input) = Self.input(names) else { return nil }
    isAlone = !Self.companions.contains(where: names.begins)
    let context = names.shape(beginning: prefix, ending: "attn2.to_k.weight")?.dimensions.last
    let family = Self.family(context: context, names, prefix)
    let variant = Self.variant(inputs: input[1])
    let title = [family.title, variant?.title].compactMap { $0 }.joined(separator: " ")
    if isAlone {
      kind = FileKind("the UNet alone of \(title), with no text encoder and no VAE", .part)
    } else if variant?.isDrawn == false || !family.isDrawn {
      kind = FileKind("a checkpoint of \(title)", .model)
    } else {
      kind = nil
    }
  }

  /// What its names begin with, and the shape of its first convolution.
  private static func input(_ names: TensorNames) -> (prefix: String, shape: Shape)? {
    for prefix in TensorNames.networks {
      for (first, other) in [
        ("input_blocks.0.0.", "time_embed.0."), ("conv_in.", "time_embedding.linear_1."),
      ]
      where names.begins(prefix + other) {
        if let shape = names.shape(prefix + first + "weight"), shape.rank == 4 { return (prefix, shape) }
      }
    }
    return nil
  }

  private static let companions = [
    "first_stage_model.", "vae.", "cond_stage_model.", "conditioner.", "text_encoder.", "text_encoders.",
  ]

  /// What a model does that has other inputs than latents alone, after its family's name, and whether it can be drawn
  /// with; nil for plain models.
  static func variant(inputs: Int) -> (title: String, isDrawn: Bool)? {
    switch inputs {
    case 4: nil
    case 5: ("guided by depth (depth2img)", false)
    case 7: ("for upscaling (x4 upscaler, which is read as a diffusers folder)", false)
    case 8: ("for editing pictures (InstructPix2Pix)", true)
    case 9: ("for inpainting", true)
    default: ("with \(inputs) input channels", false)
    }
  }

  private static func family(
    context: Int?, _ names: TensorNames, _ prefix: String
  ) -> (title: String, isDrawn: Bool) {
    if names.begins("cc_projection.") { return ("Zero123 (views of an object)", false) }
    if context == 1024, names.begins(prefix + "label_emb.") { return ("Stable Diffusion 2 (unCLIP)", false) }
    return family(context: context)
  }

  /// The family of a UNet that is told vectors of so many numbers, and whether it can be drawn with. Small models for
  /// tests have other widths.
  static func family(context: Int?) -> (title: String, isDrawn: Bool) {
    switch context {
    case 768: ("Stable Diffusion 1", true)
    case 1024: ("Stable Diffusion 2", false)
    case 1280: ("the Stable Diffusion XL refiner", false)
    case 2048: ("Stable Diffusion XL (SDXL)", false)
    default: ("Stable Diffusion", true)
    }
  }
}
