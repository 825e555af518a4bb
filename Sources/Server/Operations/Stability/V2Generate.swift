import Darkroom

extension Operation {
  package static let v2Core = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/generate/core", "Makes a picture of a prompt",
    body: .formOrJSON,
    parameters: [
      StabilityV2.prompt(), StabilityV2.aspectRatio, StabilityV2.negativePrompt, StabilityV2.seed,
      StabilityV2.style, StabilityV2.format,
    ] + StabilityV2.lenient,
    price: 3, answers: StabilityV2.answers,
    .draw(
      read: { visit in try drawing(visit, try StabilityV2.model(visit, "core")) }, write: StabilityV2.answer))

  package static let v2Ultra = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/generate/ultra",
    "Makes a picture of a prompt, and of a picture if there is one",
    body: .formOrJSON,
    parameters: [
      StabilityV2.prompt(), StabilityV2.negativePrompt, StabilityV2.aspectRatio, StabilityV2.seed,
      StabilityV2.style, StabilityV2.format,
      Parameter("image", .picture, "picture to start from", field: "init"),
      Parameter("strength", .number(0...1), "how much of it is drawn anew; needed with image"),
    ] + StabilityV2.lenient,
    price: 8, answers: StabilityV2.answers,
    .draw(
      read: { visit in
        try drawing(
          visit, try StabilityV2.model(visit, "ultra"), from: visit.arguments.picture("image"))
      }, write: StabilityV2.answer))

  package static let v2SD3 = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/generate/sd3",
    "Makes a picture of a prompt, or of a picture and a prompt",
    body: .formOrJSON,
    parameters: [
      StabilityV2.prompt(),
      Parameter(
        "mode", .choice(["text-to-image", "image-to-image"]), "whether there is a picture to start from",
        initial: .text("text-to-image")),
      Parameter("image", .picture, "picture to start from", field: "init"),
      Parameter("strength", .number(0...1), "how much of it is drawn anew; needed with image"),
      StabilityV2.aspectRatio, Parameter("model", .text(1...200), "the model"), StabilityV2.seed,
      StabilityV2.format, StabilityV2.style, StabilityV2.negativePrompt,
    ] + StabilityV2.lenient,
    price: 6.5, answers: StabilityV2.answers,
    .draw(
      read: { visit in
        let id = visit.arguments.text("model") ?? "sd3.5-large"
        guard visit.premises.models.model(id: id) != nil else {
          let known = visit.premises.models.ids.joined(separator: ", ")
          throw Refusal(.request, field: "model", "must be one of \(known)")
        }
        let isFromPicture = visit.arguments.text("mode") == "image-to-image"
        return try drawing(
          visit, try StabilityV2.model(visit, id),
          from: isFromPicture ? try visit.arguments.needed("image") : nil)
      }, write: StabilityV2.answer))

  private static func drawing(
    _ visit: Visit, _ model: ServedModel, from picture: InputPicture? = nil
  ) throws -> Ask {
    var request = try StabilityV2.request(visit)
    if let picture {
      guard let strength = visit.arguments.number("strength") else {
        throw Refusal(.request, field: "strength", "is required with image")
      }
      (request.initPicture, request.strength) = (picture, strength)
      try PictureRule.start.check(picture, "image")
      try request.takeSize(of: picture, "image", model)
    } else if request.width == nil, request.height == nil {
      let size = AspectRatio.size(visit.arguments.text("aspect_ratio") ?? "1:1", model.description)
      (request.width, request.height) = (size?.width, size?.height)
    }
    return Ask(.drawing(request), model, StabilityV2.output(visit))
  }
}
