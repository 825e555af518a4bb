extension Operation {
  /// What the hosted API does with models that this server does not have.
  package static let v2Missing: [Operation] = [
    missing("/v2beta/stable-image/edit/search-and-replace", "a model that finds things by their name"),
    missing("/v2beta/stable-image/edit/search-and-recolor", "a model that finds things by their name"),
    missing("/v2beta/stable-image/edit/remove-background", "a model that finds the background"),
    missing(
      "/v2beta/stable-image/edit/replace-background-and-relight",
      "a model that finds the background and its light"),
    missing("/v2beta/stable-image/control/sketch", "a ControlNet for sketches"),
    missing("/v2beta/stable-image/control/structure", "a ControlNet for depth"),
    missing("/v2beta/stable-image/control/style", "an adapter for the style of pictures"),
    missing("/v2beta/stable-image/control/style-transfer", "an adapter for the style of pictures"),
    missing("/v2beta/image-to-video", "a model of videos; this server makes pictures"),
    missing("/v2beta/3d/stable-fast-3d", "a model of 3D shapes; this server makes pictures"),
    missing("/v2beta/3d/stable-point-aware-3d", "a model of 3D shapes; this server makes pictures"),
    missing("/v2beta/audio/stable-audio-2/text-to-audio", "a model of sounds; this server makes pictures"),
    missing("/v2beta/audio/stable-audio-2/audio-to-audio", "a model of sounds; this server makes pictures"),
    missing("/v2beta/audio/stable-audio-2/inpaint", "a model of sounds; this server makes pictures"),
  ]

  private static func missing(_ path: String, _ model: String) -> Operation {
    Operation(
      .stabilityV2, .post, path, "Is not served: it needs \(model)", body: .bytes, statuses: [],
      .tell { _ in
        let name = path.split(separator: "/").last ?? ""
        throw Refusal(.notFound, "\(name) needs \(model), and none is loaded")
      })
  }
}
