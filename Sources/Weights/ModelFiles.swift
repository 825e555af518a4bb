import Foundation

/// Where the files of a model are: a folder in diffusers' layout, or one file.
package struct ModelFiles: Sendable, Hashable {
  /// One file with tensors, or the index of several.
  package struct WeightFile: Sendable, Hashable {
    package let path: String
    /// The part of the model in it; nil if the names of its tensors must tell.
    package let part: ModelPart?
    package var isIndex: Bool { path.hasSuffix(".json") }
  }

  /// The folder or file that was asked for.
  package let path: String
  package let isFolder: Bool
  package let weights: [WeightFile]

  /// Finds the files of a model.
  /// - Parameters:
  ///   - path: a folder with `model_index.json`, or a `.safetensors` file.
  ///   - variant: `fp16` to have `*.fp16.safetensors`; by default the files without a variant,
  ///     and those of fp16 for a part that has no others.
  /// - Throws: `WeightsError` saying what is missing, or how to convert what is not read here.
  package init(_ path: String, variant: String? = nil) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw WeightsError(.unreadable, file: path, "no such file or folder")
    }
    self.path = path
    self.isFolder = isFolder.boolValue
    weights =
      isFolder.boolValue
      ? try Self.weights(ofFolder: path, variant: variant) : [try Self.singleFile(path)]
  }

  /// A file of the folder, for example `part: .unet, "config.json"`, if it is there.
  package func file(_ part: ModelPart, _ name: String) -> String? { file("\(part.rawValue)/\(name)") }

  /// A file of the folder, for example `scheduler/scheduler_config.json`, if it is there.
  package func file(_ relativePath: String) -> String? {
    guard isFolder else { return nil }
    let candidate = path + "/" + relativePath
    return FileManager.default.fileExists(atPath: candidate) ? candidate : nil
  }

  // MARK: - One file

  private static let pickles: Set<String> = ["ckpt", "bin", "pt", "pth"]

  private static func singleFile(_ path: String) throws -> WeightFile {
    let kind = URL(fileURLWithPath: path).pathExtension.lowercased()
    if kind == "safetensors" { return WeightFile(path: path, part: nil) }
    guard pickles.contains(kind) else {
      throw WeightsError(
        .unsupported, file: path, "expected a .safetensors file, or a folder with model_index.json")
    }
    throw WeightsError(
      .unsupported, file: path,
      "a .\(kind) file is a Python pickle, which runs programs when it is opened, and is not read. "
        + "Convert it with diffusers: StableDiffusionPipeline.from_single_file(\"\(path)\")"
        + ".save_pretrained(\"FOLDER\", safe_serialization=True)")
  }

  // MARK: - A folder

  private static func weights(ofFolder path: String, variant: String?) throws -> [WeightFile] {
    let files = FileManager.default
    guard files.fileExists(atPath: path + "/model_index.json") else {
      let names = (try? files.contentsOfDirectory(atPath: path)) ?? []
      throw noWeights(in: path, names: names, "no model_index.json: not a model in diffusers' layout")
    }
    return try ModelPart.allCases.map { part in
      let folder = "\(path)/\(part.rawValue)"
      guard files.fileExists(atPath: folder + "/config.json") else {
        throw WeightsError(.unreadable, file: folder, "no config.json in it, or no such folder")
      }
      return WeightFile(path: try weightFile(in: folder, part, variant: variant), part: part)
    }
  }

  private static func weightFile(in folder: String, _ part: ModelPart, variant: String?) throws -> String {
    let stem = part == .textEncoder ? "model" : "diffusion_pytorch_model"
    let names = try Set(FileManager.default.contentsOfDirectory(atPath: folder))
    let plain = ["\(stem).safetensors", "\(stem).safetensors.index.json"]
    let candidates = variant.map { variants(stem, $0) } ?? plain + variants(stem, "fp16")
    if let name = candidates.first(where: names.contains) { return "\(folder)/\(name)" }
    throw noWeights(in: folder, names: Array(names), "no weights; expected \(candidates[0])")
  }

  private static func variants(_ stem: String, _ variant: String) -> [String] {
    ["\(stem).\(variant).safetensors", "\(stem).safetensors.index.\(variant).json"]
  }

  private static func noWeights(in folder: String, names: [String], _ reason: String) -> WeightsError {
    let hasPickles = names.contains { pickles.contains(URL(fileURLWithPath: $0).pathExtension.lowercased()) }
    guard hasPickles else { return WeightsError(.unreadable, file: folder, reason) }
    return WeightsError(
      .unsupported, file: folder,
      "\(reason). Its weights are Python pickles (.bin, .ckpt, .pt, .pth), which run programs when they are "
        + "opened, and are not read. Convert the model with diffusers: StableDiffusionPipeline."
        + "from_pretrained(\"MODEL\").save_pretrained(\"FOLDER\", safe_serialization=True)")
  }
}
