import Darkroom

extension Operation {
  package static let v1Masking = Operation(
    .stabilityV1, .post, "/v1/generation/{engine_id}/image-to-image/masking",
    "Draws a part of a picture anew",
    body: .form,
    parameters: [
      StabilityV1.startingPicture,
      Parameter(
        "mask_source", .choice(["MASK_IMAGE_WHITE", "MASK_IMAGE_BLACK", "INIT_IMAGE_ALPHA"]),
        "what is drawn anew: white or black of the mask, or what is transparent", isRequired: true),
      Parameter("mask_image", .picture, "a mask of the picture's size", field: "mask"),
    ] + StabilityV1.drawing,
    price: 0.2, answers: ["application/json", "image/png"],
    .draw(
      read: { visit in
        try StabilityV1.check(visit)
        let model = try StabilityV1.model(visit)
        var request = try StabilityV1.request(visit)
        request.initPicture = try visit.arguments.needed("init_image")
        request.mask = try mask(visit.arguments)
        // All outside of the mask stays as it is, whatever the size.
        request.inpaintArea = .masked
        return Ask(.drawing(request), model)
      }, write: StabilityV1.answer))

  private static func mask(_ arguments: Arguments) throws -> InputPicture {
    let picture = try arguments.needed("init_image")
    let source = arguments.text("mask_source") ?? ""
    if source == "INIT_IMAGE_ALPHA" {
      guard let mask = try picture.transparency("init_image") else {
        throw Refusal(
          .request, field: "init_image", "must have transparent parts with mask_source INIT_IMAGE_ALPHA",
          name: "invalid_mask_image")
      }
      return mask
    }
    guard let mask = arguments.picture("mask_image") else {
      throw Refusal(
        .request, field: "mask_image", "is required with mask_source \(source)", name: "invalid_mask_image")
    }
    let (own, other) = (try mask.size("mask_image"), try picture.size("init_image"))
    guard own == other else {
      throw Refusal(
        .request, field: "mask_image",
        "is \(own.width)x\(own.height); must have the size of init_image, \(other.width)x\(other.height)",
        name: "invalid_mask_image")
    }
    return source == "MASK_IMAGE_BLACK" ? try mask.inverted("mask_image") : mask
  }
}
