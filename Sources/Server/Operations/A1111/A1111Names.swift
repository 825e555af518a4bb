import Darkroom

/// What the web UI calls schedules and what enlarges pictures.
enum A1111Names {
  /// The schedule of a label ("SGM Uniform") or of a name ("sgm_uniform"), as requests take it; nil for none.
  static func schedule(_ name: String) -> String? {
    [name, name.replacing("_", with: " ")].first { Catalogue.hasSchedule($0, in: .a1111) }
  }

  // MARK: Upscalers

  /// Names of networks that the built-in one stands for. The first is its own.
  static let standIns = [
    "R-ESRGAN AnimeVideo", "R-ESRGAN 4x+", "R-ESRGAN 4x+ Anime6B", "R-ESRGAN General 4xV3",
  ]

  static func network(_ name: String, _ table: UpscalerTable) -> UpscalerSource? {
    table.network(named: name)
      ?? (standIns.contains { $0.lowercased() == name.lowercased() } ? .builtIn : nil)
  }

  /// Between two passes.
  static let latentModes = ["Latent": "latent", "Latent (nearest-exact)": "latent-nearest"]

  /// - Throws: `Refusal` with the names that are here.
  static func hiresUpscaler(_ name: String?, _ table: UpscalerTable) throws -> UpscalerReference {
    // Where none is named the web UI enlarges latents, and by "None" it resizes with Lanczos' filter.
    guard let name, !name.isEmpty else { return UpscalerReference("latent") }
    if name == "None" { return UpscalerReference("lanczos") }
    if let mode = latentModes[name] { return UpscalerReference(mode) }
    if let known = table.reference(named: name) { return known }
    if let network = network(name, table) { return UpscalerReference(network.path) }
    let known = latentModes.keys.sorted() + ["Lanczos"] + table.networks.map(\.name) + standIns
    throw Refusal(.request, field: "hr_upscaler", "must be one of \(known.joined(separator: ", "))")
  }
}
