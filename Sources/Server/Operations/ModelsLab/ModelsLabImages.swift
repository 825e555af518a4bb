import Darkroom

extension ModelsLab {
  private static func drawing(
    _ name: String, _ summary: String, otherPaths: [String], _ parameters: [Parameter],
    _ read: @escaping @Sendable (Visit, ServedModel) throws -> GenerationRequest
  ) -> Operation {
    Operation(
      .modelsLab, .post, "/api/v6/images/\(name)", summary, body: .json, otherPaths: otherPaths,
      parameters: parameters, price: 0.2,
      .follow(
        keeping: true,
        read: { visit in
          let model = try model(visit)
          return Ask(.drawing(try read(visit, model)), model)
        },
        answer: { visit, submission in
          let door = visit.premises.modelsLab
          let job = door.begin(submission, visit)
          await job.wait(for: door.holdTime)
          if Task.isCancelled {
            // Nobody has been told the job's number.
            _ = visit.premises.queue.cancel(submission.id, for: visit.request.client)
          }
          return try job.answer(visit)
        }))
  }

  private static let strength = Parameter(
    "strength", .number(0...1), "how much of the picture is drawn anew", initial: .number("0.7"),
    field: "strength")
  private static let start = Parameter(
    "init_image", .picture, "picture to start from", isRequired: true, field: "init")

  static let textToImage = drawing(
    "text2img", "Makes pictures of a prompt", otherPaths: ["/api/v3/text2img", "/api/v4/dreambooth"], drawing
  ) { visit, _ in try request(visit) }

  static let imageToImage = drawing(
    "img2img", "Makes pictures of a picture and a prompt",
    otherPaths: ["/api/v3/img2img", "/api/v4/dreambooth/img2img"], drawing + [start, strength]
  ) { visit, model in
    var request = try request(visit)
    let picture = try visit.arguments.needed("init_image")
    request.initPicture = picture
    // The result has the picture's size; that of a larger one is left to the model.
    (request.width, request.height) = (nil, nil)
    let size = try picture.size("init_image")
    if size.width <= 1024, size.height <= 1024 { try request.takeSize(of: picture, "init_image", model) }
    return request
  }

  static let inpaint = drawing(
    "inpaint", "Draws a part of a picture anew",
    otherPaths: ["/api/v3/inpaint", "/api/v4/dreambooth/inpaint"],
    drawing + [
      start, Parameter("strength", .number(0...1), "how much is drawn anew", field: "strength"),
      Parameter("mask_image", .picture, "what to draw anew, in white", isRequired: true, field: "mask"),
    ]
  ) { visit, _ in
    var request = try request(visit)
    request.initPicture = try visit.arguments.needed("init_image")
    request.mask = try visit.arguments.needed("mask_image")
    // All outside of the mask stays as it is, whatever the size.
    (request.width, request.height, request.inpaintArea) = (nil, nil, .masked)
    return request
  }

  // MARK: Results

  private static let fetches = [
    "/api/v3/fetch/{id}", "/api/v4/dreambooth/fetch/{id}",
  ]

  static let fetch = Operation(
    .modelsLabResults, .post, "/api/v6/images/fetch/{id}", "Tells how a job stands, and its result",
    body: .bytes, otherPaths: fetches,
    .tell { visit in try job(visit.path["id"], visit).answer(visit) })

  static let fetchByNumber = Operation(
    .modelsLabResults, .post, "/api/v6/images/fetch", "Tells how a job stands, and its result", body: .json,
    otherPaths: ["/api/v3/fetch", "/api/v4/dreambooth/fetch"],
    parameters: [
      Parameter("request_id", .integer(0...Int.max), "the job's number", aliases: ["id"], isRequired: true),
      Parameter("key", .anything, "read, and without effect"),
    ],
    .tell { visit in try job(visit.arguments.integer("request_id").map(String.init), visit).answer(visit) })

  /// Tutorials open what is at `fetch_result` as a picture.
  static let result = Operation(
    .modelsLabResults, .get, "/api/v6/images/fetch/{id}",
    "Waits for a job, and gives its first picture; who accepts JSON is told how it stands",
    otherPaths: fetches, answers: ["image/png", "application/json"],
    .tell { visit in
      let job = try job(visit.path["id"], visit)
      let types = ["image/png", "application/json"]
      guard Accept.choice(of: types, for: visit.request.headers) != "application/json" else {
        return try job.answer(visit)
      }
      await job.wait(for: .seconds(86_400))
      let picture = try job.firstPicture(visit)
      return HTTPResponse(type: picture.format.mediaType, picture.bytes)
    })

  private static func job(_ id: String?, _ visit: Visit) throws -> ModelsLabJob {
    guard let job = visit.premises.modelsLab.job(id.flatMap { Int($0) } ?? -1) else {
      throw Refusal(.notFound, "Request not found: \((id ?? "").prefix(30))")
    }
    return job
  }

  // MARK: What is not served

  static let missing = [
    missing("/api/v6/images/controlnet", ["/api/v5/controlnet", "/api/v5/controlnet/{tool}"]) { _ in
      "ControlNet needs a model that is not here"
    },
    missing("/api/v6/images/{tool}", ["/api/v6/{kind}/{tool}"]) { path in
      "\((path["tool"] ?? "").prefix(60)) needs a model that is not here; served are text2img, img2img, inpaint and fetch"
    },
  ]

  private static func missing(
    _ path: String, _ otherPaths: [String], _ message: @escaping @Sendable ([String: String]) -> String
  ) -> Operation {
    Operation(
      .modelsLab, .post, path, "Is not served", body: .bytes, otherPaths: otherPaths,
      .tell { visit in throw Refusal(.notFound, message(visit.path)) })
  }
}

extension Operation {
  static let modelsLab =
    [
      ModelsLab.textToImage, ModelsLab.imageToImage, ModelsLab.inpaint, ModelsLab.fetch,
      ModelsLab.fetchByNumber, ModelsLab.result,
    ] + ModelsLab.missing
}
