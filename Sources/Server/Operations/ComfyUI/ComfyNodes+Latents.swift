import Darkroom

extension ComfyNode {
  /// What samplers are told, and what they start from.
  static let latents: [ComfyNode] = [
    ComfyNode(
      "CLIPTextEncode", "CLIP Text Encode (Prompt)", "conditioning",
      [Input("text", .text), Input("clip", .link(.clip))], [.conditioning]
    ) { _, values in
      var text = try values.clip("clip")
      text.text = try ComfyPrompt.translated(values.text("text"), input: "text")
      return [.conditioning(text)]
    },
    ComfyNode(
      "CLIPSetLastLayer", "CLIP Set Last Layer", "conditioning",
      [Input("clip", .link(.clip)), Input("stop_at_clip_layer", .integer(-24 ... -1), initial: -1)], [.clip]
    ) { _, values in
      var clip = try values.clip("clip")
      clip.skip = -1 - values.integer("stop_at_clip_layer")
      guard clip.skip < clip.model.description.textLayers else {
        throw ComfyValues.Problem(
          "stop_at_clip_layer",
          "\(clip.model.name) has \(clip.model.description.textLayers) layers")
      }
      return [.clip(clip)]
    },
    ComfyNode(
      "EmptyLatentImage", "Empty Latent Image", "latent",
      [
        Input("width", .integer(Desk.limits.side, step: 8), initial: 512),
        Input("height", .integer(Desk.limits.side, step: 8), initial: 512),
        Input("batch_size", .integer(Desk.limits.count), initial: 1),
      ], [.latent]
    ) { _, values in
      func side(_ name: String) -> Int { values.integer(name) / 8 * 8 }
      let content = ComfyLatent.Content.empty(
        width: side("width"), height: side("height"), count: values.integer("batch_size"))
      return [.latent(ComfyLatent(content: content))]
    },
    ComfyNode(
      "VAEEncode", "VAE Encode", "latent", [Input("pixels", .link(.image)), Input("vae", .link(.vae))],
      [.latent]
    ) { plan, values in [.latent(try plan.encoded(values))] },
    ComfyNode(
      "VAEEncodeForInpaint", "VAE Encode (for Inpainting)", "latent/inpaint",
      [
        Input("pixels", .link(.image)), Input("vae", .link(.vae)), Input("mask", .link(.mask)),
        Input("grow_mask_by", .integer(0...64), initial: 6),
      ], [.latent]
    ) { plan, values in
      var latent = try plan.encoded(values)
      // Its square of so many pixels reaches half as far to each side.
      (latent.mask, latent.growth) = (try values.mask("mask"), values.integer("grow_mask_by") / 2)
      latent.hidesMasked = true
      return [.latent(latent)]
    },
    ComfyNode(
      "SetLatentNoiseMask", "Set Latent Noise Mask", "latent/inpaint",
      [Input("samples", .link(.latent)), Input("mask", .link(.mask))], [.latent]
    ) { _, values in
      var latent = try values.latent("samples")
      guard case .encoded = latent.content else {
        throw ComfyValues.Problem("samples", "a mask needs a picture, which VAEEncode makes latents of")
      }
      latent.mask = try values.mask("mask")
      return [.latent(latent)]
    },
  ]
}

extension ComfyPlan {
  fileprivate func encoded(_ values: ComfyValues) throws -> ComfyLatent {
    let picture = try values.image("pixels")
    let model = try values.vaeModel("vae")
    guard model.description.hasEncoder else {
      throw ComfyValues.Problem("vae", "\(model.name) has no encoder, so it draws from no picture")
    }
    guard count(picture) == 1 else {
      throw ComfyValues.Problem("pixels", "has \(count(picture)) pictures; one is drawn from at a time")
    }
    return ComfyLatent(model: model, content: .encoded(picture))
  }
}
