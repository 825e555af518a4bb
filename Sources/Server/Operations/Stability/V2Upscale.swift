import Darkroom

extension Operation {
  private static let picture = Parameter(
    "image", .picture, "the picture", isRequired: true, field: "picture")

  package static let v2UpscaleFast = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/upscale/fast", "Makes a picture four times as wide and high",
    body: .formOrJSON, parameters: [picture, StabilityV2.format], price: 2, answers: StabilityV2.answers,
    .draw(
      read: { visit in
        let picture = try visit.arguments.needed("image")
        try PictureRule.fast.check(picture, "image")
        return Ask(
          .upscaling(UpscaleRequest(picture, scale: 4)), visit.premises.models.first,
          StabilityV2.output(visit))
      }, write: StabilityV2.answer))

  package static let v2UpscaleConservative = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/upscale/conservative",
    "Makes a picture of four megapixels, and changes little",
    body: .formOrJSON,
    parameters: [
      picture, StabilityV2.prompt(), StabilityV2.negativePrompt, StabilityV2.seed, StabilityV2.format,
      Parameter("creativity", .number(0.2...0.5), "how much may change", initial: .number("0.35")),
    ],
    price: 40, answers: StabilityV2.answers,
    .draw(read: { try redrawing($0, .conservative, .narrow) }, write: StabilityV2.answer))

  package static let v2UpscaleCreative = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/upscale/creative",
    "Makes a picture of four megapixels with new detail; the result is asked for by its id",
    body: .formOrJSON,
    parameters: [
      picture, StabilityV2.prompt(), StabilityV2.negativePrompt, StabilityV2.seed, StabilityV2.format,
      Parameter("creativity", .number(0.1...0.5), "how much may change", initial: .number("0.3")),
      StabilityV2.style,
    ],
    price: 60,
    .follow(
      keeping: true, read: { try redrawing($0, .creative, .creative) },
      answer: { _, job in HTTPResponse(json: ["id": job.id.description]) }))

  /// Pixels of what is drawn anew, as hosted.
  private static let pixels = 4_194_304

  private static func redrawing(
    _ visit: Visit, _ method: UpscaleRequest.Method, _ rule: PictureRule
  ) throws -> Ask {
    let whole = try visit.arguments.needed("image")
    try rule.check(whole, "image")
    let picture = try whole.within(pixels: pixels, "image")
    let size = try picture.size("image")
    let scale = (Double(pixels) / Double(size.width * size.height)).squareRoot()
    // Down to hundredths, so that no pixel too many is made by rounding.
    var request = UpscaleRequest(picture, scale: max(1, (scale * 100).rounded(.down) / 100), method: method)
    request.limits.scale = 1...64
    request.redrawing = Redrawing(
      try StabilityV2.request(visit), creativity: visit.arguments.number("creativity"))
    return Ask(.upscaling(request), try StabilityV2.model(visit, "core"), StabilityV2.output(visit))
  }

  package static let v2Results = results("/v2beta/results/{id}")
  package static let v2CreativeResult = results("/v2beta/stable-image/upscale/creative/result/{id}")

  private static func results(_ path: String) -> Operation {
    Operation(
      .stabilityV2, .get, path, "Gives the result of an operation that was begun before",
      answers: StabilityV2.answers,
      statuses: [200, 202],
      .tell { visit in
        let id = visit.path["id"] ?? ""
        switch visit.premises.queue.status(of: JobID(id)) {
        case nil:
          throw Refusal(
            .notFound, field: "id", "the generation either does not exist or has expired.",
            name: "generation_not_found")
        case .waiting?, .working?:
          return HTTPResponse(202, json: ["id": id, "status": "in-progress"])
        case .failed(let error)?: throw error
        case .done(let pictures)?: return try StabilityV2.answer(visit, pictures)
        }
      })
  }
}
