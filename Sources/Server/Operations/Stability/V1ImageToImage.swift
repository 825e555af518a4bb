import Darkroom

extension Operation {
  package static let v1ImageToImage = Operation(
    .stabilityV1, .post, "/v1/generation/{engine_id}/image-to-image",
    "Makes pictures of a picture and prompts",
    body: .form,
    parameters: [StabilityV1.startingPicture] + StabilityV1.drawing + [
      Parameter(
        "init_image_mode", .choice(["IMAGE_STRENGTH", "STEP_SCHEDULE"]),
        "which of the next parameters says how much of the picture stays", initial: .text("IMAGE_STRENGTH")),
      Parameter(
        "image_strength", .number(0...1), "how much of the picture stays", initial: .number("0.35")),
      Parameter(
        "step_schedule_start", .number(0...1), "how much of the picture is drawn anew",
        initial: .number("0.65")),
      Parameter("step_schedule_end", .number(0...1), "read, and without effect"),
    ],
    price: 0.2, answers: ["application/json", "image/png"],
    .draw(
      read: { visit in
        try StabilityV1.check(visit)
        let model = try StabilityV1.model(visit)
        var request = try StabilityV1.request(visit)
        let picture = try visit.arguments.needed("init_image")
        request.initPicture = picture
        let isSchedule = visit.arguments.text("init_image_mode") == "STEP_SCHEDULE"
        request.strength =
          isSchedule
          ? visit.arguments.number("step_schedule_start")
          : visit.arguments.number("image_strength").map { 1 - $0 }
        try request.takeSize(of: picture, "init_image", model)
        return Ask(.drawing(request), model)
      }, write: StabilityV1.answer))
}

extension GenerationRequest {
  /// Draws at the size of the picture that it starts from, or nearly so: sides are multiples of the model's.
  mutating func takeSize(of picture: InputPicture, _ field: String, _ model: ServedModel) throws {
    let size = try picture.size(field)
    let multiple = model.description.sideMultiple
    func side(_ pixels: Int) -> Int { max(multiple, (pixels + multiple / 2) / multiple * multiple) }
    let limits = Desk.limits
    let (width, height) = (side(size.width), side(size.height))
    guard limits.side.contains(width), limits.side.contains(height) else {
      throw Refusal(
        .request, field: field,
        "is \(size.width)x\(size.height); sides must be between \(limits.side.lowerBound) and \(limits.side.upperBound)",
        name: "invalid_image_dimensions")
    }
    (self.width, self.height) = (width, height)
  }
}
