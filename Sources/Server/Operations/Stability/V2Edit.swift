import Darkroom

extension Operation {
  package static let v2Inpaint = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/edit/inpaint", "Draws a part of a picture anew",
    body: .formOrJSON,
    parameters: [
      StabilityV2.picture, StabilityV2.prompt(), StabilityV2.negativePrompt,
      Parameter("mask", .picture, "what to draw anew, in white; else what is transparent", field: "mask"),
      Parameter(
        "grow_mask", .integer(0...100), "pixels by which it grows", initial: .number("5"), field: "grow_mask"),
      StabilityV2.seed, StabilityV2.format, StabilityV2.style,
    ] + StabilityV2.lenient.filter { ["steps", "cfg_scale", "engine"].contains($0.name) },
    price: 3, answers: StabilityV2.answers,
    .draw(read: { try masked($0) }, write: StabilityV2.answer))

  package static let v2Erase = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/edit/erase", "Takes things out of a picture",
    body: .formOrJSON,
    parameters: [
      StabilityV2.picture, StabilityV2.prompt(isRequired: false),
      Parameter("mask", .picture, "what to take out, in white; else what is transparent", field: "mask"),
      Parameter(
        "grow_mask", .integer(0...20), "pixels by which it grows", initial: .number("5"), field: "grow_mask"),
      StabilityV2.seed, StabilityV2.format,
    ],
    price: 3, answers: StabilityV2.answers,
    .draw(
      read: { visit in
        try masked(visit) { request in
          // What is around it goes on, and little is made up.
          request.maskFill = .blur
          request.strength = 0.5
          request.guidanceScale = request.prompt.isEmpty ? 1 : nil
        }
      }, write: StabilityV2.answer))

  private static func masked(
    _ visit: Visit, _ change: (inout GenerationRequest) -> Void = { _ in }
  ) throws -> Ask {
    let picture = try visit.arguments.needed("image")
    try PictureRule.edit.check(picture, "image")
    var request = try StabilityV2.request(visit)
    request.initPicture = picture
    guard let mask = try visit.arguments.picture("mask") ?? picture.transparency("image") else {
      throw Refusal(.request, field: "mask", "is required where no part of image is transparent")
    }
    request.mask = mask
    request.inpaintArea = .masked
    change(&request)
    return Ask(.drawing(request), try StabilityV2.model(visit, "core"), StabilityV2.output(visit))
  }

  package static let v2Outpaint = Operation(
    .stabilityV2, .post, "/v2beta/stable-image/edit/outpaint", "Draws beyond the sides of a picture",
    body: .formOrJSON,
    parameters: [
      StabilityV2.picture, side("left"), side("right"), side("up", aliases: ["top"]),
      side("down", aliases: ["bottom"]),
      Parameter("creativity", .number(0...1), "how freely", initial: .number("0.5")),
      StabilityV2.prompt(isRequired: false), StabilityV2.seed, StabilityV2.format, StabilityV2.style,
    ],
    price: 4, answers: StabilityV2.answers,
    .draw(
      read: { visit in
        let picture = try visit.arguments.needed("image")
        try PictureRule.narrow.check(picture, "image")
        return try beyond(picture, visit)
      }, write: StabilityV2.answer))

  private static func side(_ name: String, aliases: [String] = []) -> Parameter {
    Parameter(
      name, .integer(0...2000), "pixels beyond this side; of one side at least", aliases: aliases,
      initial: .number("0"))
  }

  /// Sides that are no multiples of the model's are made so, and what is too much is cut off again.
  private static func beyond(_ picture: InputPicture, _ visit: Visit) throws -> Ask {
    func wanted(_ side: String) -> Int { visit.arguments.integer(side) ?? 0 }
    let size = try picture.size("image")
    let model = try StabilityV2.model(visit, "core")
    let multiple = model.description.sideMultiple
    func up(_ pixels: Int) -> Int { (pixels + multiple - 1) / multiple * multiple }
    let sides = ["left", "right", "up", "down"].map(wanted)
    guard sides.contains(where: { $0 > 0 }) else {
      throw Refusal(.request, field: "left", "left, right, up or down must be above 0")
    }
    let inner = Margins(right: up(size.width) - size.width, down: up(size.height) - size.height)
    let outer = Margins(
      left: up(sides[0]), right: up(sides[1]), up: up(sides[2]), down: up(sides[3]))
    var request = try StabilityV2.request(visit)
    request.initPicture = try picture.extended(inner, "image")
    request.outpaint = outer
    request.width = up(size.width) + outer.left + outer.right
    request.height = up(size.height) + outer.up + outer.down
    // As creative as it is usual, the engine's own strength.
    request.strength = min(1, 0.8 + 0.2 * (visit.arguments.number("creativity") ?? 0.5))
    var output = StabilityV2.output(visit)
    output.part = Order.Output.Part(
      left: outer.left - sides[0], top: outer.up - sides[2], width: size.width + sides[0] + sides[1],
      height: size.height + sides[2] + sides[3])
    return Ask(.drawing(request), model, output)
  }
}
