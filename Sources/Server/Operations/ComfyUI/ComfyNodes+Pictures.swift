import Darkroom

extension ComfyNode {
  /// What becomes of pictures.
  static let pictures: [ComfyNode] = [
    ComfyNode("VAEDecode", "VAE Decode", "latent", decoding, [.image]) { _, values in try values.decoded() },
    ComfyNode(
      "VAEDecodeTiled", "VAE Decode (Tiled)", "_for_testing",
      // The engine cuts by itself where memory is short.
      decoding + [
        Input("tile_size", .integer(64...4096), initial: 512),
        Input("overlap", .integer(0...4096), initial: 64),
        Input("temporal_size", .integer(8...4096), initial: 64),
        Input("temporal_overlap", .integer(4...4096), initial: 8),
      ], [.image]
    ) { _, values in try values.decoded() },
    ComfyNode(
      "ImageUpscaleWithModel", "Upscale Image (using Model)", "image/upscaling",
      [Input("upscale_model", .link(.upscaler)), Input("image", .link(.image))], [.image]
    ) { plan, values in
      let picture = try values.image("image")
      let step = plan.add(
        .enlarge(picture, try values.upscaler("upscale_model")), count: plan.count(picture), for: values.node)
      return [.image(.made(step: step))]
    },
    ComfyNode(
      "ImageScale", "Upscale Image", "image/upscaling",
      [
        Input("image", .link(.image)), filter, Input("width", .integer(0...16_384), initial: 512),
        Input("height", .integer(0...16_384), initial: 512),
        Input("crop", .choice { _ in ["disabled", "center"] }),
      ], [.image]
    ) { plan, values in
      let scaling = ComfyScaling.to(
        width: values.integer("width"), height: values.integer("height"),
        crops: values.text("crop") == "center", ComfyScaling.filter(values.text("upscale_method")))
      return [.image(try plan.scale(try values.image("image"), scaling))]
    },
    ComfyNode(
      "ImageScaleBy", "Upscale Image By", "image/upscaling",
      [Input("image", .link(.image)), filter, Input("scale_by", .number(0.01...8), initial: 1)], [.image]
    ) { plan, values in
      let scaling = ComfyScaling.by(
        values.number("scale_by"), ComfyScaling.filter(values.text("upscale_method")))
      return [.image(try plan.scale(try values.image("image"), scaling))]
    },
    ComfyNode(
      "SaveImage", "Save Image", "image",
      [Input("images", .link(.image)), Input("filename_prefix", .text, initial: "ComfyUI")], [],
      isOutput: true
    ) { plan, values in
      guard let prefix = ComfyFiles.Prefix(values.text("filename_prefix")) else {
        throw ComfyValues.Problem("filename_prefix", "must be a name, perhaps with folders before it")
      }
      plan.keep(try values.image("images"), in: .output, as: prefix, of: values.node)
      return []
    },
    ComfyNode(
      "PreviewImage", "Preview Image", "image", [Input("images", .link(.image))], [], isOutput: true
    ) { plan, values in
      plan.keep(try values.image("images"), in: .temp, as: .preview, of: values.node)
      return []
    },
  ]

  private static let decoding = [Input("samples", .link(.latent)), Input("vae", .link(.vae))]
  private static let filter = Input("upscale_method", .choice { _ in ComfyScaling.filters })
}

extension ComfyValues {
  fileprivate func decoded() throws -> [ComfyValue] {
    let latent = try latent("samples")
    guard case .drawn(let step) = latent.content, let model = latent.model else {
      throw Problem("samples", "must come from a sampler; latents that nothing was drawn in are not decoded")
    }
    try checkVAE("vae", of: model)
    return [.image(.made(step: step))]
  }
}
