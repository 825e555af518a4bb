import Darkroom

extension API {
  /// OpenAI's images API. Errors are an object with message, type, param and code.
  package static let openAI = API("openai", bodyLimit: 64 << 20) { refusal, _ in
    HTTPResponse(
      OpenAI.status(refusal), type: "application/json",
      Array(FieldValue.object(["error": OpenAI.error(refusal)]).json.utf8))
  }
}

/// What the operations of OpenAI's API share.
enum OpenAI {
  /// Names of hosted models.
  static let models = [
    "chatgpt-image-latest", "dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-1-mini", "gpt-image-1.5",
    "gpt-image-2", "gpt-image-2.5-flare", "gpt-image-2.5-sunburst",
  ]

  static func status(_ refusal: Refusal) -> Int {
    switch refusal.kind {
    case .payment: 429
    case .moderation: 400
    default: refusal.kind.status
    }
  }

  static func error(_ refusal: Refusal) -> FieldValue {
    let (type, code): (String, String?) =
      switch refusal.kind {
      case .unauthorized: ("invalid_request_error", "invalid_api_key")
      case .moderation: ("image_generation_user_error", "moderation_blocked")
      case .payment: ("insufficient_quota", "insufficient_quota")
      case .tooMany: ("requests", "rate_limit_exceeded")
      case .fault, .unavailable: ("server_error", nil)
      case .request, .permission, .notFound, .method, .tooLarge: ("invalid_request_error", nil)
      }
    let message =
      refusal.kind == .fault
      ? "The server had an error while processing your request. Sorry about that!" : refusal.text
    return [
      "message": .text(message), "type": .text(type),
      "param": refusal.field.map(FieldValue.text) ?? .null,
      "code": (refusal.name ?? code).map(FieldValue.text) ?? .null,
    ]
  }

  // MARK: Parameters

  static let prompt = Parameter(
    "prompt", .text(1...32_000), "what to draw; the first \(limits.promptCharacters) characters count",
    isRequired: true, field: nil)

  /// Parameters of all that draw.
  static let drawing: [Parameter] =
    [
      Parameter("model", .text(1...200), "a model's name; one that is not known stands for the first model"),
      .field("count", as: "n", .integer(1...10), initial: .number("1")),
      Parameter("size", .text(1...20), "WIDTHxHEIGHT, or auto; see docs/server.md"),
      Parameter(
        "response_format", .choice(["url", "b64_json"]), "one of the two; without it both are given"),
      Parameter(
        "output_format", .choice(["png", "jpeg", "webp"]), "format of the pictures", initial: .text("png")),
      Parameter("output_compression", .integer(0...100), "quality of JPEG and WebP files"),
      Parameter(
        "quality", .choice(["auto", "low", "medium", "high", "standard", "hd"]),
        "low is half of the model's usual steps, high and hd are one and a half times as many"),
      Parameter(
        "background", .choice(["auto", "opaque", "transparent"]), "transparent ones are not possible"),
      Parameter("stream", .flag, "whether the answer is a stream of events", initial: .flag(false)),
      Parameter("partial_images", .integer(0...3), "previews in a stream", initial: .number("0")),
    ] + ["moderation", "user"].map { Parameter($0, .anything, "read, and without effect") } + beyond

  /// Beyond the hosted API.
  private static let beyond: [Parameter] = [
    .field("negative_prompt"), .field("seed"), .field("steps", .integer(1...150)),
    .field("cfg_scale", .number(0...35), aliases: ["guidance_scale"]),
    Parameter("sampler", .text(1...64), "a sampler's name"),
    .field("width", .integer(limits.side)), .field("height", .integer(limits.side)),
  ]

  static var limits: RequestLimits { Desk.limits }

  // MARK: Requests

  /// The request that all that draw have in common.
  static func request(_ visit: Visit, _ model: ServedModel) throws -> GenerationRequest {
    let arguments = visit.arguments
    if arguments.text("background") == "transparent" {
      throw Refusal(
        .request, field: "background", "must be opaque or auto; no local model draws transparency")
    }
    var request = GenerationRequest(prompt: "")
    try arguments.fill(&request)
    request.prompt = String(
      (arguments.text("prompt") ?? "").unicodeScalars.prefix(limits.promptCharacters))
    if let name = arguments.text("sampler") { try SamplerNames.set(name, in: &request) }
    if request.steps == nil { request.steps = try steps(visit, model) }
    if request.seed == nil {
      let count = visit.request.headers["x-stainless-retry-count"].flatMap { Int($0) } ?? 0
      request.seed = visit.premises.secondTries.seed(for: visit, isAnother: count > 0)
    }
    return request
  }

  /// Steps for a quality; nil for the model's own.
  private static func steps(_ visit: Visit, _ model: ServedModel) throws -> Int? {
    let share: Double? =
      switch visit.arguments.text("quality") {
      case "low": 0.5
      case "high", "hd": 1.5
      default: nil
      }
    guard let share else { return nil }
    let usual = try ResolvedRequest(
      GenerationRequest(prompt: ""), for: model.description, precisions: model.precisions)
    return max(1, Int((Double(usual.steps) * share).rounded()))
  }

  /// The model that the request or its path names, else the first.
  static func model(_ visit: Visit) -> ServedModel {
    let models = visit.premises.models
    let id = visit.arguments.text("model") ?? visit.path["deployment"] ?? ""
    return models.model(id: id) ?? models.first
  }

  static func output(_ visit: Visit) -> Order.Output {
    var output = Order.Output(PictureFormat(rawValue: visit.arguments.text("output_format") ?? "") ?? .png)
    if output.format != .png {
      output.quality = visit.arguments.integer("output_compression").map { max(1, $0) }
    }
    return output
  }
}
