import Darkroom

extension API {
  /// ModelsLab's API. Errors are an object with status and message, once more as it is misspelt there.
  package static let modelsLab = API(
    "modelslab", bodyLimit: 64 << 20, keyParameter: "key", write: ModelsLab.write)
  /// Whose addresses nobody guesses.
  package static let modelsLabResults = API(
    "modelslab", bodyLimit: 1 << 20, needsKey: false, write: ModelsLab.write)
}

/// What the operations of ModelsLab's API share.
enum ModelsLab {
  /// Names of models in published samples.
  static let models = [
    "anything-v3", "anything-v5", "dreamshaper-8", "midjourney", "realistic-vision-v13",
    "realistic-vision-v51", "sd-1.5", "sdxl",
  ]

  @Sendable static func write(_ refusal: Refusal, _ request: String) -> HTTPResponse {
    let message =
      switch refusal.kind {
      case .unauthorized: "Invalid API key"
      case .fault: "Something went wrong, please try again later"
      default: text(refusal)
      }
    var fields: [String: FieldValue] = [
      "status": "error", "message": .text(message), "messege": .text(message),
    ]
    if refusal.kind == .tooMany { fields["retry_after"] = .number("\(refusal.retryAfter ?? 30)") }
    return HTTPResponse(
      refusal.kind.status, type: "application/json", Array(FieldValue.object(fields).json.utf8))
  }

  /// "prompt is required", "init_image: …".
  static func text(_ refusal: Refusal) -> String {
    guard let field = refusal.field, refusal.message.hasPrefix("is ") || refusal.message.hasPrefix("must ")
    else { return refusal.text }
    return "\(field) \(refusal.message)"
  }

  // MARK: Parameters

  /// Parameters of all that draw.
  static let drawing: [Parameter] =
    [
      Parameter("key", .anything, "one of the server's keys, where it has any"),
      Parameter("model_id", .text(0...200), "a model's name; without one the first model"),
      Parameter("prompt", .text(1...10_000), "what to draw", isRequired: true, field: "prompt"),
      .field("negative_prompt", .text(0...10_000)),
      .field("width", .integer(64...1024)), .field("height", .integer(64...1024)),
      .field("count", as: "samples", .integer(1...4), initial: .number("1")),
      .field(
        "steps", as: "num_inference_steps", .integer(1...50), aliases: ["steps"], initial: .number("31")),
      .field("guidance_scale", .number(1...20), initial: .number("7.5")),
      Parameter("seed", .integer(-1...4_294_967_295), "without one, and for -1, a random one"),
      Parameter("scheduler", .text(0...64), "one of \(schedulers.joined(separator: ", "))"),
      Parameter("use_karras_sigmas", .flag, "whether the schedule is karras"),
      Parameter(
        "algorithm_type", .text(0...32), "dpmsolver++ or none, without effect: the scheduler decides"),
      Parameter("clip_skip", .integer(1...8), "layers of the text encoder, counted from its end"),
      Parameter("enhance_prompt", .flag, "whether words for detail and sharpness are added to the prompt"),
      Parameter("base64", .flag, "whether the answer holds the pictures instead of their addresses"),
      Parameter("webhook", .text(0...2048), "where the result is posted; only to hosts of --webhook-host"),
      Parameter("track_id", .anything, "comes back in the webhook"),
    ] + idle.map { Parameter($0, .anything, "read, and without effect") }
    + (refused + ["lora_strength"]).map {
      Parameter($0, .anything, "refused, since it needs what is not here")
    }

  /// They say how, not what, or are the server's affair.
  private static let idle = [
    "safety_checker", "safety_checker_type", "temp", "tomesd", "multi_lingual", "self_attention",
    "instant_response", "enhance_style", "file_prefix",
  ]

  /// They would change the picture, with models that are not here.
  private static let refused = [
    "lora_model", "embeddings_model", "controlnet_model", "controlnet_type", "control_image",
    "ip_adapter_id", "vae", "upscale", "highres_fix", "panorama",
  ]

  static let schedulers = [
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler",
    "HeunDiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LCMScheduler",
    "LMSDiscreteScheduler", "PNDMScheduler", "UniPCMultistepScheduler",
  ]

  // MARK: Requests

  /// The request that all that draw have in common.
  static func request(_ visit: Visit) throws -> GenerationRequest {
    let arguments = visit.arguments
    for name in refused where arguments.values[name].map(isSet) ?? false {
      throw Refusal(.request, field: name, "must be empty; what it asks for is not served")
    }
    try visit.premises.modelsLab.webhooks.check(arguments.text("webhook"))
    var request = GenerationRequest(prompt: "")
    try arguments.fill(&request)
    if let seed = arguments.integer("seed"), seed >= 0 { request.seed = UInt64(seed) }
    // They count from the last layer, as A1111 does.
    request.clipSkip = arguments.integer("clip_skip").map { $0 - 1 }
    try setSampler(of: &request, arguments)
    if arguments.flag("enhance_prompt") == true { try Styles.apply("enhance", to: &request) }
    return request
  }

  private static func setSampler(of request: inout GenerationRequest, _ arguments: Arguments) throws {
    if let name = arguments.text("scheduler"), !name.isEmpty {
      guard Catalogue.hasSampler(name) else {
        throw Refusal(.request, field: "scheduler", "must be one of \(schedulers.joined(separator: ", "))")
      }
      request.sampler = name
    }
    if arguments.flag("use_karras_sigmas") == true { request.schedule = "karras" }
    let algorithm = arguments.text("algorithm_type") ?? ""
    guard ["", "none"].contains(algorithm.lowercased()) || algorithm.lowercased().hasPrefix("dpmsolver+")
    else {
      throw Refusal(.request, field: "algorithm_type", "must be none or dpmsolver++")
    }
  }

  /// Whether something is asked for: clients send all parameters, with words for none.
  private static func isSet(_ value: FieldValue) -> Bool {
    switch value {
    case .null: false
    case .flag(let flag): flag
    case .number(let text): Double(text) != 0
    case .text(let text): !["", "no", "none", "null", "false", "0"].contains(text.lowercased())
    case .list(let list): list.contains(where: isSet)
    case .object: true
    }
  }

  /// The model that the request names, else the first.
  static func model(_ visit: Visit) throws -> ServedModel {
    guard let id = visit.arguments.text("model_id"), !id.isEmpty else { return visit.premises.models.first }
    guard let model = visit.premises.models.model(id: id) else {
      throw Refusal(.request, "Model not found: \(id.prefix(100))")
    }
    return model
  }
}
