import SystemFiles

/// An autoencoder by itself: a folder of diffusers, or a `.safetensors` file whose tensors have diffusers' names or
/// latent-diffusion's, alone or as a part of a whole checkpoint; or a tiny one, with diffusers' names or its own.
package struct AutoencoderFile: Sendable {
  /// The file with its tensors.
  package let path: String
  /// The folder with its config.json; nil if sizes follow from the tensors.
  package let folder: ModelFolder?

  /// - Parameter path: a file, a folder with `config.json` and weights, or one of a whole model.
  /// - Throws: `WeightsError` saying what is missing, or how to convert what is not read here.
  package init(_ path: String) throws {
    guard Paths.exists(path) else {
      throw WeightsError(.unreadable, file: path, "no such file or folder")
    }
    guard Paths.isFolder(path) else {
      let source = try ByteSource(path: path)
      guard FileSignature.isSafetensors(source) else {
        throw WeightsError(
          .unsupported, file: path,
          (FileSignature.problem(source).map { "\($0); " } ?? "")
            + "a VAE is a .safetensors file or a folder of diffusers; others are converted with diffusers: "
            + "AutoencoderKL.from_single_file(\"\(path)\").save_pretrained(\"FOLDER\")")
      }
      (self.path, folder) = (path, nil)
      return
    }
    let stem = ModelPart.vae.fileStem
    let names = ["\(stem).safetensors", "\(stem).fp16.safetensors"]
    for folder in [ModelFolder(path), ModelFolder("\(path)/\(ModelPart.vae.rawValue)")] {
      guard let name = names.first(where: folder.has) else { continue }
      (self.path, self.folder) = (folder.path(name), folder.has("config.json") ? folder : nil)
      return
    }
    throw WeightsError(.unreadable, file: path, "no VAE in it; expected config.json and \(names[0])")
  }

  /// Its tensors instead of those that the model's own autoencoder has.
  func replace(in tensors: inout [String: Checkpoint.LocatedTensor]) throws {
    let file = try Safetensors(path: path)
    let table = KeyMap.autoencoder(Array(file.tensors.keys))
    guard !table.isEmpty else {
      throw WeightsError(
        .unfit, file: path,
        (FileKind.recognise(TensorNames(file)).map { "is \($0.title): it " } ?? "")
          + "has no autoencoder; expected tensors such as decoder.conv_in.weight, alone or behind first_stage_model."
      )
    }
    tensors = tensors.filter { !$0.key.hasPrefix("\(ModelPart.vae.rawValue).") }
    for (storedName, stored) in file.tensors {
      guard let name = table[storedName] else { continue }
      tensors[name] = Checkpoint.LocatedTensor(storedName: storedName, file: file, stored: stored)
    }
  }
}

extension KeyMap {
  /// Our names of an autoencoder's tensors among those of a file; empty if it has none.
  fileprivate static func autoencoder(_ names: [String]) -> [String: String] {
    if let tiny = tinyAutoencoder(names) { return tiny }
    let prefix = ["first_stage_model.", "vae.", ""].first { names.contains("\($0)decoder.conv_in.weight") }
    guard let prefix else { return [:] }
    let own = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
      .filter { ["encoder.", "decoder.", "quant_conv.", "post_quant_conv."].contains(where: $0.hasPrefix) }
    let table: [String: String]
    if own.contains("decoder.norm_out.weight") {
      let layout = LatentDiffusionVAE(names: own)
      table = Dictionary(
        uniqueKeysWithValues: own.compactMap { name in layout.presentName(name).map { (name, "vae.\($0)") } })
    } else {
      table = diffusers(.vae).table(own)
    }
    return Dictionary(uniqueKeysWithValues: table.map { (prefix + $0.key, $0.value) })
  }

  /// The same of a tiny autoencoder. Its author numbers a decoder's layers from one before diffusers on, and has the
  /// halves in two files (`taesd_decoder.safetensors`) or behind their names in one.
  private static func tinyAutoencoder(_ names: [String]) -> [String: String]? {
    if names.contains("decoder.layers.0.weight") { return diffusers(.vae).table(names) }
    let isHalf = names.contains("1.weight") && names.contains("3.conv.0.weight")
    guard isHalf || names.contains("taesd_decoder.1.weight") else { return nil }
    var table: [String: String] = [:]
    for name in names {
      let path = isHalf ? "taesd_decoder.\(name)" : name
      let words = components(path)
      guard words.count > 2, let layer = blockNumber(words[1]) else { continue }
      let rest = words[2...].joined(separator: ".")
      switch words[0] {
      case "taesd_decoder": table[name] = "vae.decoder.layers.\(layer - 1).\(rest)"
      case "taesd_encoder": table[name] = "vae.encoder.layers.\(layer).\(rest)"
      default: break
      }
    }
    return table
  }
}
