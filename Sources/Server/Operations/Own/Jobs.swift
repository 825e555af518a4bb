import Darkroom

extension API {
  /// Our own, where pictures are sent.
  package static let jobs = API("darkroom", bodyLimit: 64 << 20, write: own.write)
}

/// Jobs that are begun, followed and ended by their names. The page works by these, and anybody may.
extension Operation {
  package static let jobOperations: [Operation] = [
    drawJob, upscaleJob, jobList, jobState, jobEvents, jobEnd,
  ]

  private static let drawJob = Operation(
    .jobs, .post, "/jobs/draw", "Begins to draw a request with the fields of /catalogue", body: .json,
    parameters: drawingParameters,
    statuses: [202],
    .follow(
      keeping: true,
      read: { visit in
        var request = GenerationRequest(prompt: "")
        try visit.arguments.fill(&request)
        request.initPicture = visit.arguments.picture("init")
        request.mask = visit.arguments.picture("mask")
        if let name = visit.arguments.text("upscaler") {
          request.upscaler = try visit.upscaler(name) { $0.reference(named: name) }
        }
        try Styles.apply(visit.arguments.text("style"), to: &request)
        return Ask(.drawing(request), try visit.model("model"), visit.output)
      }, answer: begun))

  private static let drawingParameters: [Parameter] =
    RequestField.all.filter { !ServerCatalogue.hidden.contains($0.key) }.map { field in
      switch field.key {
      case "init", "mask": Parameter(field.key, .picture, field.help, aliases: field.aliases)
      // What names a file is not for clients.
      case "upscaler": Parameter(field.key, .text(1...200), field.help, aliases: field.aliases)
      default: Parameter(field.key, .anything, field.help, aliases: field.aliases, field: field.key)
      }
    } + [
      Parameter("model", .text(1...200), "a served model's name"),
      Parameter("style", .choice(Styles.names), "a style that is added to the prompt"), pictureFormat,
    ]

  private static let pictureFormat = Parameter(
    "format", .choice(["png", "jpeg", "webp"]), "format of the pictures", initial: .text("png"))

  private static let upscaleJob = Operation(
    .jobs, .post, "/jobs/upscale", "Begins to enlarge a picture", body: .json,
    parameters: [
      Parameter("picture", .picture, "the picture", isRequired: true),
      Parameter("scale", .number(RequestLimits.standard.scale), "how many times as wide and high it becomes"),
      Parameter(
        "method", .choice(UpscaleRequest.Method.allCases.map(\.rawValue)), "how it is enlarged",
        initial: .text("fast")),
      Parameter("upscaler", .text(1...200), "the network's name"),
      Parameter("prompt", .text(0...10_000), "what conservative and creative draw", field: "prompt"),
      Parameter(
        "negative_prompt", .text(0...10_000), "what to keep away from", field: "negative_prompt"),
      .field("seed"), Parameter("creativity", .number(0...1), "how much may change"),
      Parameter("model", .text(1...200), "a served model's name"), pictureFormat,
    ],
    statuses: [202],
    .follow(
      keeping: true,
      read: { visit in
        let arguments = visit.arguments
        let method = UpscaleRequest.Method(rawValue: arguments.text("method") ?? "") ?? .fast
        var request = UpscaleRequest(
          try arguments.needed("picture"), scale: arguments.number("scale"), method: method)
        if let name = arguments.text("upscaler") {
          request.upscaler = try visit.upscaler(name) { $0.network(named: name) }
        }
        if method == .conservative || method == .creative {
          var drawing = GenerationRequest(prompt: "")
          try arguments.fill(&drawing)
          request.redrawing = Redrawing(drawing, creativity: arguments.number("creativity"))
        }
        return Ask(.upscaling(request), try visit.model("model"), visit.output)
      }, answer: begun))

  @Sendable private static func begun(_ visit: Visit, _ job: Submission) -> HTTPResponse {
    HTTPResponse(202, json: ["id": job.id.description, "events": "/jobs/\(job.id)/events"])
  }

  private static let jobList = Operation(
    .jobs, .get, "/jobs", "Lists the jobs that wait or are at work, and names those of the client",
    .tell { visit in
      let jobs = visit.premises.queue.jobs.map { JobState($0, for: visit.request.client) }
      return HTTPResponse(json: ["jobs": jobs])
    })

  private static let jobState = Operation(
    .jobs, .get, "/jobs/{id}", "Tells how a job stands",
    .tell { visit in
      let id = JobID(visit.path["id"] ?? "")
      if let job = visit.premises.queue.jobs.first(where: { $0.id == id }) {
        return HTTPResponse(json: JobState(job, for: nil))
      }
      guard let status = visit.premises.queue.status(of: id) else { throw Refusal.noSuchJob }
      return HTTPResponse(json: JobState(id, status))
    })

  private static let jobEvents = Operation(
    .jobs, .get, "/jobs/{id}/events", "Tells what happens to a job, as server-sent events",
    answers: ["text/event-stream"],
    .tell { visit in
      let id = JobID(visit.path["id"] ?? "")
      guard let events = JobEvents(of: id, visit.premises) else { throw Refusal.noSuchJob }
      return ServerSentEvents.response { send in await events.tell(send) }
    })

  private static let jobEnd = Operation(
    .jobs, .post, "/jobs/{id}/cancel", "Ends a job that the client has begun",
    .tell { visit in
      let id = JobID(visit.path["id"] ?? "")
      guard visit.premises.queue.cancel(id, for: visit.request.client) else { throw Refusal.noSuchJob }
      return HTTPResponse(json: ["id": id.description])
    })
}

extension Refusal {
  fileprivate static let noSuchJob = Refusal(
    .notFound, field: "id", "there is no such job, or none any longer")
}

extension Visit {
  /// The served model that a parameter names, else the first.
  /// - Throws: `Refusal` with those that are there.
  package func model(_ parameter: String) throws -> ServedModel {
    guard let id = arguments.text(parameter) else { return premises.models.first }
    guard let model = premises.models.model(id: id) else {
      throw Refusal(
        .request, field: parameter,
        "\(id.prefix(100)) was not found; known are \(premises.models.ids.joined(separator: ", "))")
    }
    return model
  }

  fileprivate func upscaler<Found>(_ name: String, _ find: (UpscalerTable) -> Found?) throws -> Found {
    guard let found = find(premises.upscalers) else {
      throw Refusal(
        .request, field: "upscaler", "must be one of \(premises.upscalers.names.joined(separator: ", "))")
    }
    return found
  }

  fileprivate var output: Order.Output {
    Order.Output(PictureFormat(rawValue: arguments.text("format") ?? "") ?? .png)
  }
}
