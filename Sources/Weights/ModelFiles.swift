import FoundationEssentials
import SystemFiles

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
    guard Paths.exists(path) else {
      throw WeightsError(.unreadable, file: path, "no such file or folder")
    }
    if Paths.isFolder(path) {
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

  /// The files of one part of a model's folder.
  /// - Throws: `WeightsError` if it is not there, or how to convert what is not read here.
  package init(_ part: ModelPart, of folder: ModelFolder) throws {
    path = folder.path
    self.folder = folder
    weights = [try Self.weights(of: part, in: folder, variant: nil)]
  }

  func open(_ file: WeightFile) throws -> Safetensors {
    guard let folder else { return try Safetensors(path: file.path) }
    return try Safetensors(folder.source(String(file.path.dropFirst(folder.path.count + 1))))
  }

  // MARK: - One file

  private static let pickles: Set<String> = ["ckpt", "bin", "pt", "pth"]

  private static func singleFile(_ path: String) throws -> WeightFile {
    let kind = URL(fileURLWithPath: path).pathExtension.lowercased()
    let source = try ByteSource(path: path)
    // What a file is called says little: some checkpoints go by other endings.
    if ["safetensors", "sft"].contains(kind) || FileSignature.isSafetensors(source) {
      return WeightFile(path: path, part: nil)
    }
    let problem = FileSignature.problem(source)
    guard pickles.contains(kind) || problem == FileSignature.pickle else {
      throw WeightsError(
        .unsupported, file: path,
        (problem.map { "\($0); " } ?? "") + "expected a .safetensors file, or a folder with model_index.json")
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
      throw try noWeights(
        in: folder.path, names: Array(folder.names(in: "")),
        "no model_index.json: not a model in diffusers' layout")
    }
    let index = try ModelIndex(folder)
    let unet = try? folder.contents("unet/config.json").flatMap { try? JSONValue($0, dialect: .python) }
    if let problem = PipelineClass(index.fields, unet: unet?.fields ?? [:]).problem {
      throw WeightsError(.unsupported, file: folder.path(ModelIndex.file), problem)
    }
    return try parts(of: folder, index).map { try weights(of: $0, in: folder, variant: variant) }
  }

  private static func weights(of part: ModelPart, in folder: ModelFolder, variant: String?) throws
    -> WeightFile
  {
    guard folder.has("\(part.rawValue)/config.json") else {
      throw WeightsError(
        .unreadable, file: folder.path(part.rawValue), "no config.json in it, or no such folder")
    }
    return WeightFile(path: try weightFile(of: part, in: folder, variant: variant), part: part)
  }

  /// The parts to draw with that `model_index.json` names, or if it names none, those that have a folder.
  private static func parts(of folder: ModelFolder, _ index: ModelIndex) throws -> [ModelPart] {
    let named = ModelPart.drawing.filter { index.classes[$0.rawValue] != nil }
    guard named.isEmpty else { return named }
    let there = ModelPart.drawing.filter { folder.has($0.rawValue) }
    guard !there.isEmpty else {
      let known = ModelPart.drawing.map(\.rawValue).joined(separator: ", ")
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
