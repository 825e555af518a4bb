import Darkroom

extension ComfyNode {
  static let sampling: [ComfyNode] = [
    ComfyNode(
      "KSampler", "KSampler", "sampling",
      [Input("model", .link(.model)), Input("seed", .seed, initial: 0)] + sampler + conditions + [
        Input("latent_image", .link(.latent)), Input("denoise", .number(0...1), initial: 1),
      ], [.latent]
    ) { plan, values in try plan.sample(values, seed: "seed", strength: values.number("denoise")) },
    ComfyNode(
      "KSamplerAdvanced", "KSampler (Advanced)", "sampling",
      [
        Input("model", .link(.model)), Input("add_noise", .choice { _ in ["enable", "disable"] }),
        Input("noise_seed", .seed, initial: 0),
      ] + sampler + conditions + [
        Input("latent_image", .link(.latent)), Input("start_at_step", .integer(0...10_000), initial: 0),
        Input("end_at_step", .integer(0...10_000), initial: 10_000),
        Input("return_with_leftover_noise", .choice { _ in ["disable", "enable"] }),
      ], [.latent]
    ) { plan, values in
      func need(_ holds: Bool, _ input: String, _ value: String) throws {
        guard holds else {
          throw ComfyValues.Problem(
            input, "must be \(value): parts of a sampling are not drawn by themselves")
        }
      }
      try need(values.text("add_noise") == "enable", "add_noise", "enable")
      try need(values.integer("start_at_step") == 0, "start_at_step", "0")
      try need(values.integer("end_at_step") >= values.integer("steps"), "end_at_step", "steps or more")
      try need(
        values.text("return_with_leftover_noise") == "disable", "return_with_leftover_noise", "disable")
      return try plan.sample(values, seed: "noise_seed", strength: 1)
    },
  ]

  private static let sampler = [
    Input("steps", .integer(RequestLimits.standard.steps), initial: 20),
    Input("cfg", .number(RequestLimits.standard.guidanceScale), initial: 8),
    Input("sampler_name", .choice { _ in ComfyShelf.samplers }),
    Input("scheduler", .choice { _ in ComfyShelf.schedulers }),
  ]

  private static let conditions = [
    Input("positive", .link(.conditioning)), Input("negative", .link(.conditioning)),
  ]
}

extension ComfyPlan {
  /// - Parameter seed: the input's name.
  fileprivate mutating func sample(
    _ values: ComfyValues, seed: String, strength: Double
  ) throws -> [ComfyValue] {
    let model = try values.model("model")
    let (positive, negative) = (try values.conditioning("positive"), try values.conditioning("negative"))
    for (input, text) in [("positive", positive), ("negative", negative)] where text.model.name != model.name
    {
      throw ComfyValues.Problem(input, "was encoded by \(text.model.name); the model is \(model.name)")
    }
    guard positive.skip == negative.skip else {
      throw ComfyValues.Problem("negative", "leaves out other layers of the text encoder than positive")
    }
    let start = try values.latent("latent_image")
    var request = GenerationRequest(prompt: positive.text)
    (request.negativePrompt, request.clipSkip) = (negative.text, positive.skip)
    (request.system, request.noise, request.batchNoise) = (.comfyui, .torchCPU, .comfyUI)
    (request.secondPass, request.promptSyntax) = (.never, .weights)
    (request.seed, request.steps) = (values.seed(seed), values.integer("steps"))
    request.guidanceScale = values.number("cfg")
    (request.sampler, request.schedule) = (values.text("sampler_name"), values.text("scheduler"))
    let count = try begin(&request, from: start, model, strength)
    let drawing = ComfyDrawing(model: model, request: request, start: start)
    let step = add(.draw(drawing), count: count, for: values.node)
    return [.latent(ComfyLatent(model: model, content: .drawn(step: step)))]
  }

  /// - Returns: how many pictures are drawn.
  private func begin(
    _ request: inout GenerationRequest, from start: ComfyLatent, _ model: ServedModel, _ strength: Double
  ) throws -> Int {
    let input = "latent_image"
    if let owner = start.model, owner.name != model.name {
      throw ComfyValues.Problem(input, "was encoded by the VAE of \(owner.name); the model is \(model.name)")
    }
    switch start.content {
    case .drawn:
      throw ComfyValues.Problem(
        input,
        "comes from another sampler; one that goes on with latents is not served, only with a picture (VAEDecode, VAEEncode)"
      )
    case .encoded:
      request.strength = strength
      return 1
    case .empty(let width, let height, let count):
      guard strength == 1 else {
        throw ComfyValues.Problem("denoise", "must be 1 where latent_image is empty")
      }
      (request.width, request.height, request.count) = (width, height, count)
      return count
    }
  }
}
