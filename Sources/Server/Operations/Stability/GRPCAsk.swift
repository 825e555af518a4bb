import Darkroom

/// What a request of Stability's gRPC API asks for.
enum GRPCAsk {
  /// An answer has one picture, and clients take no message beyond 10 MiB.
  private static let mostBytes = 10_000_000
  /// The largest square of the hosted service, beside 4 MP.
  private static let mostSamples = 10

  /// - Throws: `Refusal` that names the field of the message.
  static func read(_ request: Stability.Request, _ models: ModelTable) throws -> Ask {
    guard case .image(let image)? = request.parameters else {
      throw GRPCFailure(.unimplemented, "only requests with image parameters are served")
    }
    let model = try model(request.engine, models)
    guard image.adapter.map({ $0.type == .none }) ?? true else {
      throw GRPCFailure(.unimplemented, "adapter: needs a ControlNet, and none is loaded")
    }
    guard image.fineTunings.isEmpty else {
      throw GRPCFailure(.unimplemented, "fine_tuning_parameters: are not served")
    }
    let isUpscaler = HostedModels.upscalers.contains { $0.id == request.engine }
    if isUpscaler || image.transform == .upscaler { return try upscaling(request, image, model) }
    return Ask(.drawing(try drawing(request, image, model)), model, output)
  }

  private static var output: Order.Output { Order.Output(.png, most: mostBytes) }

  private static func model(_ id: String, _ models: ModelTable) throws -> ServedModel {
    if id.isEmpty { return models.first }
    guard let model = models.model(id: id) else {
      throw Refusal(
        .notFound, field: "engine_id",
        "\(id.prefix(100)) was not found; known are \(models.ids.joined(separator: ", "))")
    }
    return model
  }

  // MARK: Drawing

  private static func drawing(
    _ request: Stability.Request, _ image: Stability.ImageParameters, _ model: ServedModel
  ) throws -> GenerationRequest {
    var drawing = GenerationRequest(prompt: "")
    Prompts(request.texts).fill(&drawing)
    try Styles.apply(request.stylePreset.flatMap { Styles.names.contains($0) ? $0 : nil }, to: &drawing)
    drawing.steps = try number(image.steps, "steps", 1...150) ?? 30
    let step = image.parameters.first
    drawing.guidanceScale = step?.sampler.guidanceScale.map(Double.init) ?? 7
    drawing.eta = step?.sampler.eta.map(Double.init)
    if case .diffusion(let sampler)? = image.transform { drawing.sampler = sampler.name }
    try setSeeds(&drawing, image)
    let size = (
      width: try side(image.width, "width", model), height: try side(image.height, "height", model)
    )
    let strength = Double(step?.schedule.start ?? 1)
    guard let picture = try request.picture(of: .image, "init_image") else {
      (drawing.width, drawing.height) = size
      return drawing
    }
    drawing.initPicture = picture
    drawing.strength = min(max(strength, 0), 1)
    if let mask = try request.picture(of: .mask, "mask") {
      // Black is drawn anew here, and white elsewhere.
      drawing.mask = try mask.inverted("mask")
      drawing.inpaintArea = .masked
      drawing.maskFill = image.maskedAreaInit?.fill ?? .original
    } else if let width = size.width, let height = size.height,
      try hasAspect(picture, width: width, height: height)
    {
      (drawing.width, drawing.height) = size
    } else {
      try drawing.takeSize(of: picture, "init_image", model)
    }
    return drawing
  }

  /// Clients send 1024x1024 where nobody asked for a size: a starting picture of another shape keeps its own.
  private static func hasAspect(_ picture: InputPicture, width: Int, height: Int) throws -> Bool {
    let size = try picture.size("init_image")
    return size.width * height == size.height * width
  }

  private static func side(_ side: Int?, _ name: String, _ model: ServedModel) throws -> Int? {
    guard let side, side != 0 else { return nil }
    let multiple = model.description.sideMultiple
    guard Desk.limits.side.contains(side), side % multiple == 0 else {
      throw Refusal(
        .request, field: name,
        "must be a multiple of \(multiple) from \(Desk.limits.side.lowerBound) to \(Desk.limits.side.upperBound)"
      )
    }
    return side
  }

  private static func number(_ value: Int?, _ name: String, _ range: ClosedRange<Int>) throws -> Int? {
    // Senders leave out zeros, and some send them.
    guard let value, value != 0 else { return nil }
    guard range.contains(value) else {
      throw Refusal(
        .request, field: name, "must be between \(range.lowerBound) and \(range.upperBound)")
    }
    return value
  }

  /// 0 is a random one; those that are missing count up from the last.
  private static func setSeeds(_ drawing: inout GenerationRequest, _ image: Stability.ImageParameters) throws
  {
    let samples = try number(image.samples, "samples", 1...mostSamples)
    guard image.seeds.count <= samples ?? mostSamples else {
      throw Refusal(.request, field: "seed", "must not have more than \(samples ?? mostSamples) values")
    }
    drawing.count = samples ?? max(1, image.seeds.count)
    guard image.seeds.contains(where: { $0 != 0 }) else { return }
    drawing.seeds = image.seeds.map { UInt64($0 == 0 ? UInt32.random(in: 1...UInt32.max) : $0) }
  }

  // MARK: Enlarging

  private static func upscaling(
    _ request: Stability.Request, _ image: Stability.ImageParameters, _ model: ServedModel
  ) throws -> Ask {
    guard let picture = try request.picture(of: .image, "image") else {
      throw Refusal(.request, field: "prompt", "must have a picture to enlarge")
    }
    let size = try picture.size("image")
    guard image.width ?? 0 == 0 || image.height ?? 0 == 0 else {
      throw Refusal(.request, field: "height", "must not be given together with width")
    }
    func scale(_ side: Int?, _ own: Int) -> Double? {
      side.flatMap { $0 > 0 ? Double($0) / Double(own) : nil }
    }
    let scale = scale(image.width, size.width) ?? scale(image.height, size.height) ?? 2
    var upscaling = UpscaleRequest(picture, scale: scale)
    upscaling.limits.scale = 0.01...64
    return Ask(.upscaling(upscaling), model, output)
  }
}

extension Stability.Request {
  /// Those that may not be empty are.
  fileprivate var texts: [WeightedPrompt] {
    prompts.compactMap { prompt in
      guard case .text(let text)? = prompt.content else { return nil }
      return WeightedPrompt(text: text, weight: Double(prompt.parameters.weight))
    }
  }

  fileprivate func picture(of type: Stability.ArtifactType, _ name: String) throws -> InputPicture? {
    for prompt in prompts {
      guard case .artifact(let artifact)? = prompt.content, artifact.type == type else { continue }
      guard case .binary(let bytes)? = artifact.content else {
        throw Refusal(.request, field: name, "must be a PNG, JPEG or WebP file")
      }
      return InputPicture(contents: bytes, name: name)
    }
    return nil
  }
}

extension Stability.DiffusionSampler {
  fileprivate var name: String {
    switch self {
    case .ddim: "DDIM"
    case .ddpm: "DDPM"
    case .kEuler: "K_EULER"
    case .kEulerAncestral: "K_EULER_ANCESTRAL"
    case .kHeun: "K_HEUN"
    case .kDPM2: "K_DPM_2"
    case .kDPM2Ancestral: "K_DPM_2_ANCESTRAL"
    case .kLMS: "K_LMS"
    case .kDPMPP2SAncestral: "K_DPMPP_2S_ANCESTRAL"
    case .kDPMPP2M: "K_DPMPP_2M"
    case .kDPMPPSDE: "K_DPMPP_SDE"
    }
  }
}

extension Stability.MaskedAreaInit {
  fileprivate var fill: GenerationRequest.MaskFill {
    switch self {
    case .zero: .none
    case .random: .noise
    case .original: .original
    }
  }
}
