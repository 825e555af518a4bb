import Darkroom

/// Which sizes the hosted engines of version 1 take. Other ids take what the model does.
enum EngineSizes {
  private static let xl = [
    (1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640), (640, 1536), (768, 1344), (832, 1216),
    (896, 1152),
  ]

  /// Checks sizes that are given; those that are not are the model's own.
  static func check(_ request: inout GenerationRequest, id: String, _ model: ServedModel) throws {
    guard request.width != nil || request.height != nil else { return }
    let (width, height) = (
      request.width ?? model.description.nativeSide, request.height ?? model.description.nativeSide
    )
    guard HostedModels.engines.contains(where: { $0.id == id }) else {
      for (field, side) in [("width", width), ("height", height)] where side % 8 != 0 {
        throw Refusal(
          .request, field: field, "must be a multiple of 8 from 64 to 2048", name: "invalid_height_or_width")
      }
      return
    }
    for (field, side) in [("width", width), ("height", height)] where side % 64 != 0 || side < 128 {
      throw Refusal(
        .request, field: field, "must be a multiple of 64, at least 128", name: "invalid_height_or_width")
    }
    try check(width, height, id)
  }

  private static func check(_ width: Int, _ height: Int, _ id: String) throws {
    let pixels = width * height
    func need(_ range: ClosedRange<Int>) throws {
      guard !range.contains(pixels) else { return }
      throw Refusal(
        .request, field: "width",
        "width times height must be between \(range.lowerBound) and \(range.upperBound)",
        name: "invalid_pixel_count")
    }
    switch id {
    case "stable-diffusion-xl-1024-v0-9", "stable-diffusion-xl-1024-v1-0":
      guard xl.contains(where: { $0 == (width, height) }) else {
        throw Refusal(
          .request, field: "width",
          "width and height must be one of \(xl.map { "\($0.0)x\($0.1)" }.joined(separator: ", "))",
          name: "invalid_sdxl_v1_dimensions")
      }
    case "stable-diffusion-xl-beta-v2-2-2":
      guard [width, height].allSatisfy({ (128...896).contains($0) }), min(width, height) <= 512 else {
        throw Refusal(
          .request, field: "width", "sides must be between 128 and 896, one of them at most 512",
          name: "invalid_sdxl_v222_dimensions")
      }
    case "stable-diffusion-v1-6":
      for (field, side) in [("width", width), ("height", height)] where !(320...1536).contains(side) {
        throw Refusal(.request, field: field, "must be between 320 and 1536")
      }
    case "stable-diffusion-768-v2-0", "stable-diffusion-768-v2-1": try need(589_824...1_048_576)
    default: try need(262_144...1_048_576)
    }
  }
}
