import Darkroom
import FoundationEssentials

extension API {
  /// Stability's REST API, version 1. Errors are an object with id, name and message.
  package static let stabilityV1 = API("stability-v1", bodyLimit: 10 << 20) { refusal, request in
    struct Body: Encodable {
      let id: String
      let name: String
      let message: String
    }
    let (status, name): (Int, String?) =
      switch refusal.kind {
      case .payment: (429, "insufficient_balance")
      case .moderation: (400, "invalid_prompts")
      case .fault: (500, "server_error")
      default: (refusal.kind.status, nil)
      }
    let message =
      refusal.kind == .fault ? "An unexpected server error occurred, please try again." : refusal.text
    return HTTPResponse(
      status, json: Body(id: request, name: refusal.name ?? name ?? refusal.kind.usualName, message: message))
  }
}

/// What the operations of version 1 share.
enum StabilityV1 {
  static let samplers = [
    "DDIM", "DDPM", "K_DPMPP_2M", "K_DPMPP_2S_ANCESTRAL", "K_DPM_2", "K_DPM_2_ANCESTRAL", "K_EULER",
    "K_EULER_ANCESTRAL", "K_HEUN", "K_LMS",
  ]

  /// Parameters of all that draw.
  static let drawing: [Parameter] = [
    Parameter(
      "text_prompts", .prompts(characters: 2000), "prompts with weights; those below 0 are kept away from"),
    Parameter("prompt", .text(0...2000), "a prompt alone, as many tutorials send it"),
    Parameter("negative_prompt", .text(0...2000), "what to keep away from"),
    .field("cfg_scale", .number(0...35), initial: .number("7")),
    Parameter(
      "clip_guidance_preset",
      .choice(["NONE", "FAST_BLUE", "FAST_GREEN", "SIMPLE", "SLOW", "SLOWER", "SLOWEST"]),
      "read, and without effect: no local model has it"),
    Parameter(
      "sampler", .text(1...64), "one of \(samplers.joined(separator: ", ")), or a name of A1111", field: nil),
    Parameter("samples", .integer(1...10), "pictures", initial: .number("1"), field: "count"),
    Parameter("seed", .integer(-1...4_294_967_295), "0 or -1 for a random one"),
    Parameter("steps", .integer(10...150), "sampling steps", initial: .number("30"), field: "steps"),
    Parameter("style_preset", .choice(Styles.names), "a style that is added to the prompt"),
    Parameter("extras", .anything, "read, and without effect"),
  ]

  /// The request that all that draw have in common.
  static func request(_ visit: Visit) throws -> GenerationRequest {
    let arguments = visit.arguments
    var request = GenerationRequest(prompt: "")
    try arguments.fill(&request)
    try Prompts.read(arguments, characters: 2000).fill(&request)
    try Styles.apply(arguments.text("style_preset"), to: &request)
    if let seed = arguments.integer("seed"), seed > 0 { request.seed = UInt64(seed) }
    if let name = arguments.text("sampler") { try SamplerNames.set(name, in: &request) }
    return request
  }

  /// The starting picture, at whose size the result is.
  static let startingPicture = Parameter(
    "init_image", .picture, "picture to start from", isRequired: true, field: "init")

  /// The model that the path names.
  /// - Throws: `Refusal` of kind `notFound` with those that are there.
  static func model(_ visit: Visit) throws -> ServedModel {
    let id = visit.path["engine_id"] ?? ""
    guard let model = visit.premises.models.model(id: id) else {
      throw Refusal(
        .notFound,
        "The specified engine (ID \(id.prefix(100))) was not found. Known are \(visit.premises.models.ids.joined(separator: ", "))."
      )
    }
    return model
  }

  static func answer(_ visit: Visit, _ pictures: [MadePicture]) throws -> HTTPResponse {
    struct Artifact: Encodable {
      let base64: String
      let seed: UInt64
      let finishReason: String
    }
    func reason(_ picture: MadePicture) -> String { picture.isFiltered ? "CONTENT_FILTERED" : "SUCCESS" }
    var response: HTTPResponse
    if wantsPicture(visit),
      let picture = pictures.first
    {
      response = HTTPResponse(type: picture.format.mediaType, picture.bytes)
      response.headers["finish-reason"] = reason(picture)
      response.headers["seed"] = "\(picture.seed ?? 0)"
    } else {
      response = HTTPResponse(
        json: [
          "artifacts": pictures.map {
            Artifact(
              base64: Data($0.bytes).base64EncodedString(), seed: $0.seed ?? 0, finishReason: reason($0))
          }
        ])
    }
    response.headers["x-darkroom-engine"] = pictures.first?.model
    return response
  }

  private static func wantsPicture(_ visit: Visit) -> Bool {
    Accept.choice(of: ["application/json", "image/png"], for: visit.request.headers) == "image/png"
  }

  /// One picture alone may go as PNG.
  static func check(_ visit: Visit) throws {
    if visit.arguments.integer("samples") ?? 1 > 1,
      wantsPicture(visit)
    {
      throw Refusal(
        .request, field: "samples", "must be 1 where the answer is image/png", name: "invalid_samples")
    }
  }
}
