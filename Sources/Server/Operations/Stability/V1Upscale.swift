import Darkroom

extension Operation {
  package static let v1Upscale = Operation(
    .stabilityV1, .post, "/v1/generation/{engine_id}/image-to-image/upscale", "Enlarges a picture",
    body: .form,
    parameters: [
      Parameter("image", .picture, "the picture", isRequired: true, field: "picture"),
      Parameter("width", .integer(512...16_384), "of the result; or the height, not both"),
      Parameter("height", .integer(512...16_384), "of the result"),
    ] + StabilityV1.drawing.filter { ["text_prompts", "seed", "steps", "cfg_scale"].contains($0.name) },
    price: 0.2, answers: ["application/json", "image/png"],
    .draw(
      read: { visit in
        let model = try StabilityV1.model(visit)
        let picture = try visit.arguments.needed("image")
        var request = UpscaleRequest(picture, scale: try scale(visit, of: picture))
        request.limits.scale = 0.01...64
        let isLatent = visit.path["engine_id"] == "stable-diffusion-x4-latent-upscaler"
        if isLatent, visit.arguments.has("text_prompts") {
          request.method = .conservative
          request.redrawing = Redrawing(try StabilityV1.request(visit))
        }
        return Ask(.upscaling(request), model)
      }, write: StabilityV1.answer))

  private static let mostPixels = 4_194_304

  private static func scale(_ visit: Visit, of picture: InputPicture) throws -> Double {
    let size = try picture.size("image")
    let (width, height) = (visit.arguments.integer("width"), visit.arguments.integer("height"))
    guard width == nil || height == nil else {
      throw Refusal(.request, field: "height", "must not be given together with width")
    }
    let isLatent = visit.path["engine_id"] == "stable-diffusion-x4-latent-upscaler"
    let scale =
      width.map { Double($0) / Double(size.width) } ?? height.map { Double($0) / Double(size.height) }
      ?? (isLatent ? 4 : 2)
    let pixels = (Double(size.width) * scale).rounded() * (Double(size.height) * scale).rounded()
    guard pixels <= Double(mostPixels) else {
      throw Refusal(
        .request, field: width != nil ? "width" : height != nil ? "height" : "image",
        "the result would have \(Int(pixels)) pixels; at most \(mostPixels) are possible",
        name: "invalid_pixel_count")
    }
    return scale
  }
}
