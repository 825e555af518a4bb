import Darkroom

extension OpenAI {
  /// Where paths begin that are OpenAI's even if nothing is there.
  static let roots =
    ["audio", "chat", "completions", "embeddings", "images", "models", "responses"].map { "/v1/\($0)" }
    + ["/images/", "/models", "/openai/"]

  /// An operation at its usual path, where the base URL lacks `/v1`, and where Azure has it.
  private static func drawing(
    _ name: String, _ summary: String, _ events: String, body: Operation.Body, _ parameters: [Parameter],
    _ read: @escaping @Sendable (Visit, ServedModel) throws -> GenerationRequest
  ) -> Operation {
    Operation(
      .openAI, .post, "/v1/images/\(name)", summary, body: body,
      otherPaths: [
        "/images/\(name)", "/openai/v1/images/\(name)", "/openai/deployments/{deployment}/images/\(name)",
      ],
      parameters: parameters, price: 3, answers: ["application/json", "text/event-stream"],
      .follow(
        keeping: false,
        read: { visit in
          let model = model(visit)
          return Ask(.drawing(try read(visit, model)), model, output(visit))
        },
        answer: { visit, job in try await OpenAIAnswer(visit, events: events).answer(job) }))
  }

  static let generations = drawing(
    "generations", "Makes pictures of a prompt", "image_generation", body: .json,
    [prompt] + drawing
      + [Parameter("style", .choice(["vivid", "natural"]), "read, and without effect")]
  ) { visit, model in
    var request = try request(visit, model)
    try fillSize(of: &request, visit, model)
    return request
  }

  static let edits = drawing(
    "edits", "Draws a picture, or a part of it, anew", "image_edit", body: .formOrJSON,
    [
      prompt,
      Parameter("image", .pictures(16), "the picture", aliases: ["image[]", "images"], field: "init"),
      Parameter(
        "mask", .picture, "what is transparent in it is drawn anew; else what is transparent in image",
        field: "mask"),
      Parameter("input_fidelity", .choice(["high", "low"]), "read, and without effect"),
      .field("strength"),
    ] + drawing
  ) { visit, model in
    let picture = try onePicture(visit)
    var request = try request(visit, model)
    request.initPicture = picture
    request.mask = try mask(visit, of: picture)
    let size = try OpenAISize.read(visit.arguments.text("size"), model.description)
    if case .exact(let width, let height) = size {
      (request.width, request.height) = (request.width ?? width, request.height ?? height)
    } else if request.mask != nil, request.width == nil, request.height == nil {
      // All outside of the mask stays as it is, whatever the size.
      request.inpaintArea = .masked
    }
    return request
  }

  static let variations = drawing(
    "variations", "Makes pictures that are like a picture", "image_variation", body: .formOrJSON,
    [
      Parameter("image", .pictures(1), "the picture", aliases: ["image[]", "images"], field: "init"),
      .field("strength", initial: .number("0.6")),
      Parameter("prompt", .text(0...32_000), "what it shows; else what its file says"),
    ] + drawing.filter { !["stream", "partial_images"].contains($0.name) }
  ) { visit, model in
    let picture = try onePicture(visit)
    var request = try request(visit, model)
    request.initPicture = picture
    if request.prompt.isEmpty, let record = try? PictureRecord(contents: picture.bytes, name: "image") {
      request.prompt = record.request.prompt
      request.negativePrompt = request.negativePrompt ?? record.request.negativePrompt
    }
    // Nothing says where else to go than where the picture is.
    if request.prompt.isEmpty { request.guidanceScale = request.guidanceScale ?? 1 }
    if case .exact(let width, let height) = try OpenAISize.read(
      visit.arguments.text("size"), model.description)
    {
      (request.width, request.height) = (request.width ?? width, request.height ?? height)
    }
    return request
  }

  /// `width` and `height`, which are exact, come before `size`.
  private static func fillSize(
    of request: inout GenerationRequest, _ visit: Visit, _ model: ServedModel
  ) throws {
    switch try OpenAISize.read(visit.arguments.text("size"), model.description) {
    case .own: break
    case .shape(let width, let height), .exact(let width, let height):
      guard request.width == nil, request.height == nil else { return }
      (request.width, request.height) = (width, height)
    }
  }

  private static func onePicture(_ visit: Visit) throws -> InputPicture {
    let pictures = visit.arguments.pictures("image")
    guard let picture = pictures.first else { throw Refusal(.request, field: "image", "is required") }
    guard pictures.count == 1 else {
      throw Refusal(
        .request, field: "image",
        "must be one picture; no model that makes one of several is here, and \(pictures.count) were sent")
    }
    try PictureRule.start.check(picture, "image")
    return picture
  }

  /// What is transparent in the mask, else in the picture itself; nil for all of the picture.
  private static func mask(_ visit: Visit, of picture: InputPicture) throws -> InputPicture? {
    guard let mask = visit.arguments.picture("mask") else { return try picture.transparency("image") }
    let (own, other) = (try mask.size("mask"), try picture.size("image"))
    guard own == other else {
      throw Refusal(
        .request, field: "mask",
        "is \(own.width)x\(own.height); must have the size of image, \(other.width)x\(other.height)")
    }
    guard let transparent = try mask.transparency("mask") else {
      throw Refusal(.request, field: "mask", "must be transparent where the picture is to be drawn anew")
    }
    return transparent
  }
}

extension Operation {
  static let openAI = [
    OpenAI.generations, OpenAI.edits, OpenAI.variations, OpenAI.modelList, OpenAI.oneModel,
  ]
}
