import Darkroom
import FoundationEssentials

extension API {
  /// Stability's REST API, version 2. Errors are an object with id, name and a list of errors.
  package static let stabilityV2 = API("stability-v2beta", bodyLimit: 10 << 20) { refusal, request in
    struct Body: Encodable {
      let id: String
      let name: String
      let errors: [String]
      /// Not part of the hosted API; tutorials read it.
      let message: String
    }
    let text =
      refusal.kind == .fault
      ? "An unexpected server error has occurred, please try again later." : refusal.text
    return HTTPResponse(
      refusal.kind.status,
      json: Body(
        id: request, name: refusal.name ?? refusal.kind.usualName, errors: [text], message: text))
  }
}

/// What the operations of version 2 share.
enum StabilityV2 {
  static let answers = ["image/png", "image/jpeg", "image/webp", "application/json"]
  static let seed = Parameter("seed", .integer(-1...4_294_967_294), "0 for a random one")
  static let format = Parameter(
    "output_format", .choice(["png", "jpeg", "webp"]), "format of the picture", initial: .text("png"))
  static let negativePrompt = Parameter(
    "negative_prompt", .text(0...10_000), "what to keep away from", field: "negative_prompt")
  static let style = Parameter(
    "style_preset", .choice(Styles.names), "a style that is added to the prompt")
  static let aspectRatio = Parameter(
    "aspect_ratio", .choice(AspectRatio.names), "shape of the picture", initial: .text("1:1"))
  static let picture = Parameter("image", .picture, "the picture", isRequired: true, field: "init")

  static func prompt(isRequired: Bool = true) -> Parameter {
    Parameter(
      "prompt", .text(isRequired ? 1...10_000 : 0...10_000),
      "what to draw; (word:0.3) gives a word less weight", isRequired: isRequired, field: "prompt")
  }

  /// Beyond the hosted API, for clients that send JSON.
  static let lenient: [Parameter] = [
    .field("width", .integer(64...2048)), .field("height", .integer(64...2048)),
    .field("steps", .integer(1...150), aliases: ["num_inference_steps"]),
    Parameter("samples", .integer(1...10), "pictures, in an answer of JSON", field: "count"),
    Parameter("sampler", .text(1...64), "a sampler's name"),
    Parameter("engine", .text(1...200), "a model's name"),
    .field("cfg_scale", .number(0...35), aliases: ["guidance_scale"]),
  ]

  /// The request that all that draw have in common.
  static func request(_ visit: Visit) throws -> GenerationRequest {
    let arguments = visit.arguments
    var request = GenerationRequest(prompt: "")
    try arguments.fill(&request)
    try Styles.apply(arguments.text("style_preset"), to: &request)
    if let seed = arguments.integer("seed"), seed > 0 { request.seed = UInt64(seed) }
    if let name = arguments.text("sampler") { try SamplerNames.set(name, in: &request) }
    if request.count ?? 1 > 1, !wantsJSON(visit) {
      throw Refusal(.request, field: "samples", "must be 1 where the answer is a picture")
    }
    return request
  }

  /// The model for an operation: what `engine` names, else what stands for the operation itself.
  static func model(_ visit: Visit, _ usual: String) throws -> ServedModel {
    let models = visit.premises.models
    if let id = visit.arguments.text("engine") {
      guard let model = models.model(id: id) else {
        throw Refusal(
          .notFound, field: "engine",
          "\(id.prefix(100)) was not found; known are \(models.ids.joined(separator: ", "))")
      }
      return model
    }
    return models.model(id: usual) ?? models.first
  }

  static func output(_ visit: Visit) -> Order.Output {
    Order.Output(PictureFormat(rawValue: visit.arguments.text("output_format") ?? "") ?? .png)
  }

  private static func sentJSON(_ visit: Visit) -> Bool {
    (visit.request.headers["content-type"] ?? "").lowercased().hasPrefix("application/json")
  }

  private static func wantsJSON(_ visit: Visit) -> Bool {
    sentJSON(visit)
      || Accept.choice(
        of: ["image/*", "image/png", "image/jpeg", "image/webp", "application/json"],
        for: visit.request.headers) == "application/json"
  }

  static func answer(_ visit: Visit, _ pictures: [MadePicture]) throws -> HTTPResponse {
    guard let picture = pictures.first else { throw Refusal(.fault, "no picture was made") }
    var response: HTTPResponse
    if wantsJSON(visit) {
      response = HTTPResponse(json: PictureAnswer(pictures, isLenient: sentJSON(visit)))
      response.headers["content-type"] = "application/json; type=\(picture.format.mediaType)"
    } else {
      response = HTTPResponse(type: picture.format.mediaType, picture.bytes)
      response.headers["finish-reason"] = PictureAnswer.reason(picture)
      response.headers["seed"] = "\(picture.seed ?? 0)"
    }
    response.headers["x-darkroom-engine"] = picture.model
    return response
  }
}

/// A picture in JSON, as version 2 has it.
private struct PictureAnswer: Encodable {
  struct Artifact: Encodable {
    let base64: String
    let binary: String
    let seed: UInt64
    let finishReason: String
    let type = "image"

    enum CodingKeys: CodingKey { case base64, binary, seed, finishReason, type }
  }

  let image: String
  let seed: UInt64
  let finishReason: String
  /// As tutorials read them from an answer to JSON; nil for a form.
  let artifacts: [Artifact]?
  let status: String?

  enum CodingKeys: String, CodingKey {
    case image, seed, artifacts, status
    case finishReason = "finish_reason"
  }

  init(_ pictures: [MadePicture], isLenient: Bool) {
    let texts = pictures.map { Data($0.bytes).base64EncodedString() }
    image = texts.first ?? ""
    seed = pictures.first?.seed ?? 0
    finishReason = pictures.first.map(Self.reason) ?? "ERROR"
    status = isLenient ? "success" : nil
    artifacts =
      isLenient
      ? zip(pictures, texts).map {
        Artifact(base64: $1, binary: $1, seed: $0.seed ?? 0, finishReason: Self.reason($0))
      } : nil
  }

  static func reason(_ picture: MadePicture) -> String {
    picture.isFiltered ? "CONTENT_FILTERED" : "SUCCESS"
  }
}
