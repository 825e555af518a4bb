import Darkroom

extension ComfyNode {
  /// Nodes that begin a graph.
  static let loaders: [ComfyNode] = [
    ComfyNode(
      "CheckpointLoaderSimple", "Load Checkpoint", "loaders",
      [Input("ckpt_name", .choice { $0.checkpoints })], [.model, .clip, .vae]
    ) { plan, values in
      guard let model = plan.shelf.model(values.text("ckpt_name")) else {
        throw ComfyValues.Problem("ckpt_name", "is not served")
      }
      return [.model(model), .clip(ComfyText(model: model)), .vae(model)]
    },
    ComfyNode(
      "VAELoader", "Load VAE", "loaders", [Input("vae_name", .choice { $0.vaes })], [.vae]
    ) { plan, values in
      guard let model = plan.shelf.vaeOwner(values.text("vae_name")) else {
        throw ComfyValues.Problem("vae_name", "is not the VAE of a served model")
      }
      return [.vae(model)]
    },
    ComfyNode(
      "UpscaleModelLoader", "Load Upscale Model", "loaders",
      [Input("model_name", .choice { $0.upscalers.networks.map(\.name) })], [.upscaler]
    ) { plan, values in
      guard let network = plan.shelf.upscaler(values.text("model_name")) else {
        throw ComfyValues.Problem("model_name", "is not served")
      }
      return [.upscaler(network)]
    },
    ComfyNode("LoadImage", "Load Image", "image", [Input("image", .picture)], [.image, .mask]) {
      plan, values in
      let file = try plan.file(values)
      return [
        .image(.given(file.picture(values.text("image")))),
        .mask(.transparency(file.maskPicture(values.text("image")))),
      ]
    },
    ComfyNode(
      "LoadImageMask", "Load Image (as Mask)", "mask",
      [
        Input("image", .picture),
        Input("channel", .choice { _ in ["alpha"] + InputPicture.Channel.allCases.map(\.rawValue) }),
      ], [.mask]
    ) { plan, values in
      let (file, name) = (try plan.file(values), values.text("image"))
      guard let channel = InputPicture.Channel(rawValue: values.text("channel")) else {
        return [.mask(.transparency(file.maskPicture(name)))]
      }
      return [.mask(.colour(file.picture(name), channel))]
    },
  ]
}

extension ComfyPlan {
  fileprivate func file(_ values: ComfyValues) throws -> ComfyFiles.File {
    guard let file = shelf.pictures(values.text("image")) else {
      throw ComfyValues.Problem("image", "is no picture that was sent, or none any longer")
    }
    return file
  }
}

extension ComfyFiles.File {
  fileprivate func picture(_ name: String) -> InputPicture { InputPicture(contents: bytes, name: name) }
  fileprivate func maskPicture(_ name: String) -> InputPicture {
    InputPicture(contents: mask ?? bytes, name: name)
  }
}
