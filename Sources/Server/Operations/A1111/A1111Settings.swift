import Darkroom

/// What the web UI's options say that has a meaning here.
struct A1111Settings {
  private(set) var model: ServedModel
  /// Layers of the text encoder, counted from its end; 1 for all.
  private(set) var textLayer = 1
  private(set) var noise = GenerationRequest.Noise.nvidia
  private(set) var format = PictureFormat.png

  /// - Parameter options: by the web UI's names; others are for nobody.
  /// - Throws: `Refusal` that names an option, of kind `notFound` for a model.
  init(_ options: [String: FieldValue], _ models: ModelTable) throws {
    model = models.first
    if let name = options["sd_model_checkpoint"]?.name { model = try Self.model(name, models) }
    if let layer = options["CLIP_stop_at_last_layers"], layer != .null {
      guard let number = layer.integer, (1...12).contains(number) else {
        throw Refusal(.request, field: "CLIP_stop_at_last_layers", "must be between 1 and 12")
      }
      textLayer = number
    }
    if let source = options["randn_source"]?.name {
      guard ["CPU", "GPU", "NV"].contains(source) else {
        throw Refusal(.request, field: "randn_source", "must be one of GPU, NV, CPU")
      }
      noise = source == "CPU" ? .torchCPU : .nvidia
    }
    if let text = options["samples_format"]?.name {
      let name = text == "jpg" ? "jpeg" : text
      guard let format = PictureFormat(rawValue: name) else {
        throw Refusal(.request, field: "samples_format", "must be one of png, jpg, webp")
      }
      self.format = format
    }
    if let delta = options["eta_noise_seed_delta"], delta != .null, delta.double != 0 {
      throw Refusal(.request, field: "eta_noise_seed_delta", "is not possible here; expected 0")
    }
    try checkVAE(options["sd_vae"]?.name)
  }

  private func checkVAE(_ name: String?) throws {
    guard let name, name.lowercased() != "automatic" else { return }
    let own = model.description.vae?.name
    guard let own, [own, A1111Model.file(own)].contains(name) else {
      throw Refusal(
        .request, field: "sd_vae",
        "\(name.prefix(100)) is not here; expected Automatic\(own.map { " or \($0)" } ?? "")")
    }
  }

  /// By title, name, file or hash, or by a name of a hosted model.
  private static func model(_ name: String, _ models: ModelTable) throws -> ServedModel {
    if let model = models.models.first(where: { A1111Model($0).isCalled(name) }) ?? models.model(id: name) {
      return model
    }
    let known = models.models.map { A1111Model($0).title }.joined(separator: ", ")
    throw Refusal(.notFound, "model '\(name.prefix(200))' not found; known are \(known)")
  }
}

/// A served model as the web UI lists it.
struct A1111Model {
  let name: String
  /// SHA-256 in hexadecimal digits; nil where it is not known.
  let sha256: String?

  init(_ model: ServedModel) { (name, sha256) = (model.name, model.description.fingerprint) }

  static func file(_ name: String) -> String { "\(name).safetensors" }

  /// Its first ten digits.
  var hash: String? { sha256.map { String($0.prefix(10)) } }
  var title: String { Self.file(name) + (hash.map { " [\($0)]" } ?? "") }

  /// Whatever the case: a client of the web UI looks for titles in small letters.
  func isCalled(_ other: String) -> Bool {
    [title, name, Self.file(name), hash, sha256].contains { $0?.lowercased() == other.lowercased() }
  }
}
