import FoundationEssentials

/// Where the files of a model are: a folder in diffusers' layout, or one file.
package struct ModelFiles: Sendable {
  /// One file with tensors, or the index of several.
  package struct WeightFile: Sendable, Hashable {
    package let path: String
    /// The part of the model in it; nil if the names of its tensors must tell.
    package let part: ModelPart?
    package var isIndex: Bool { path.hasSuffix(".json") }
  }

  /// The folder or file that was asked for.
  package let path: String
  /// Nil for a single file.
  package let folder: ModelFolder?
  package let weights: [WeightFile]

  /// Finds the files of a model.
  /// - Parameters:
  ///   - path: a folder with `model_index.json`, or a `.safetensors` file.
  ///   - variant: `fp16` to have `*.fp16.safetensors`; by default the files without a variant,
  ///     and those of fp16 for a part that has no others.
  /// - Throws: `WeightsError` saying what is missing, or how to convert what is not read here.
  package init(_ path: String, variant: String? = nil) throws {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw WeightsError(.unreadable, file: path, "no such file or folder")
    }
    if isFolder {
      try self.init(ModelFolder(path), variant: variant)
    } else {
      self.init(file: try Self.singleFile(path))
    }
  }

  private init(file: WeightFile) {
    path = file.path
    folder = nil
    weights = [file]
  }

  /// As `init(_:variant:)`, for a folder that may be in memory.
  package init(_ folder: ModelFolder, variant: String? = nil) throws {
    path = folder.path
    self.folder = folder
    weights = try Self.weights(of: folder, variant: variant)
  }

  func open(_ file: WeightFile) throws -> Safetensors {
    guard let folder else { return try Safetensors(path: file.path) }
    return try Safetensors(folder.source(String(file.path.dropFirst(folder.path.count + 1))))
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

  private static func weights(of folder: ModelFolder, variant: String?) throws -> [WeightFile] {
    guard folder.has("model_index.json") else {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      throw noWeights(in: folder.path, names: names, "no model_index.json: not a model in diffusers' layout")
    }
    return try parts(of: folder).map { part in
      guard folder.has("\(part.rawValue)/config.json") else {
        throw WeightsError(
          .unreadable, file: folder.path(part.rawValue), "no config.json in it, or no such folder")
      }
      return WeightFile(path: try weightFile(of: part, in: folder, variant: variant), part: part)
    }
  }

  /// The parts that `model_index.json` names, or if it names none, those that have a folder.
  private static func parts(of folder: ModelFolder) throws -> [ModelPart] {
    let index = try ModelIndex(folder)
    let named = ModelPart.allCases.filter { index.classes[$0.rawValue] != nil }
    guard named.isEmpty else { return named }
    let there = ModelPart.allCases.filter { folder.has($0.rawValue) }
    guard !there.isEmpty else {
      let known = ModelPart.allCases.map(\.rawValue).joined(separator: ", ")
      throw WeightsError(
        .malformed, file: folder.path(ModelIndex.file), "names no network; expected some of \(known)")
    }
    return there
  }

  private static func weightFile(of part: ModelPart, in folder: ModelFolder, variant: String?) throws
    -> String
  {
    let stem = part.fileStem
    let names = try folder.names(in: part.rawValue)
    let path = folder.path(part.rawValue)
    let plain = ["\(stem).safetensors", "\(stem).safetensors.index.json"]
    let candidates = variant.map { variants(stem, $0) } ?? plain + variants(stem, "fp16")
    if let name = candidates.first(where: names.contains) { return "\(path)/\(name)" }
    throw noWeights(in: path, names: Array(names), "no weights; expected \(candidates[0])")
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
