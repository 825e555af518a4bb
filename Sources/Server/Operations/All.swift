extension Operation {
  /// Everything that is served. A new operation is a file and a word here.
  package static let all: [Operation] =
    [
      .v1TextToImage, .v1ImageToImage, .v1Masking, .v1Upscale, .v1Engines, .v1Account, .v1Balance,
      .v2Core, .v2Ultra, .v2SD3, .v2UpscaleFast, .v2UpscaleConservative, .v2UpscaleCreative, .v2Results,
      .v2CreativeResult, .v2Inpaint, .v2Erase, .v2Outpaint,
      .health, .ready, .metrics, .openAPI, .catalogue, .generations, .readPicture,
      .page, .pageFile,
    ] + openAI + modelsLab + jobOperations + v2Missing + grpcWeb + a1111 + comfyUI
}

extension API {
  /// Whose errors a path has that no operation serves.
  static func style(of path: String) -> API {
    if OpenAI.roots.contains(where: path.hasPrefix) { return .openAI }
    if path.hasPrefix("/api/v") { return .modelsLab }
    if path.hasPrefix("/v1/") { return .stabilityV1 }
    if path.hasPrefix("/v2beta/") { return .stabilityV2 }
    if path.hasPrefix("/sdapi/") { return .a1111 }
    if path.hasPrefix("/controlnet/") { return .a1111Extensions }
    if comfyRoots.contains(where: path.hasPrefix) { return .comfyUI }
    return .own
  }
}
