import Hub
import SystemFiles
import Weights

extension ModelStore {
  /// The model that a name stands for: a file or folder that exists, else `built-in`, else a file without its ending,
  /// else a model of the model folders by its name there, else `OWNER/NAME`, `OWNER/NAME@REVISION` or an address of the
  /// Hub for a model in the cache. A folder with one checkpoint stands for that one. Nothing is fetched.
  /// - Throws: `DarkroomError` of kind `model` that says what is missing, or `request` for the environment.
  public func source(named name: String, configuration: String? = nil) throws -> ModelSource {
    let path = Paths.expanded(name, home: environment["HOME"])
    if Paths.exists(path) {
      return ModelSource(path: try Self.checkpoint(in: path), configuration: configuration)
    }
    if name == ModelSource.builtIn.path {
      guard configuration == nil else {
        throw DarkroomError(
          .request, field: "config", expected: "it with a model's file alone",
          "the built-in model has its own configuration")
      }
      return .builtIn
    }
    return ModelSource(path: try self.path(name, .model), configuration: configuration)
  }

  /// The file or folder of the VAE that a name stands for, found in the same places.
  /// - Throws: as `source`.
  public func vae(named name: String) throws -> String {
    let path = Paths.expanded(name, home: environment["HOME"])
    return Paths.exists(path) ? path : try self.path(name, .vae)
  }

  /// The upscaler that a name stands for: a file, else the built-in one, else a file of the model folders, among those that
  /// others keep for upscalers.
  /// - Throws: as `source`.
  public func upscaler(named name: String) throws -> UpscalerSource {
    let path = Paths.expanded(name, home: environment["HOME"])
    if Paths.exists(path) { return UpscalerSource(path: path) }
    return name == UpscalerSource.builtIn.path
      ? .builtIn : UpscalerSource(path: try self.path(name, .upscaler))
  }

  /// What is no path that exists.
  private func path(_ name: String, _ kind: ModelFolders.Kind) throws -> String {
    let path = Paths.expanded(name, home: environment["HOME"])
    if Paths.exists("\(path).safetensors") { return "\(path).safetensors" }
    let found = folders.named(name, kind)
    guard found.count <= 1 else {
      throw DarkroomError(
        .model, expected: "the path of one",
        "several are called '\(name)': \(found.prefix(20).map(\.path).joined(separator: ", "))")
    }
    if let local = try found.first?.path ?? inCache(name) { return local }
    // A missing file is best named by whoever opens it.
    guard !name.contains("/"), !name.hasSuffix(".safetensors") else { return path }
    throw unknown(name, kind)
  }

  /// The path of a model in the Hub's cache; nil if the name is none of the Hub's.
  private func inCache(_ name: String) throws -> String? {
    let settings = try DarkroomError.wrapping { try HubSettings(environment) }
    guard let named = try? HubName(name, endpoint: settings.endpoint), named.reference.repository.hasOwner,
      named.file != nil || !name.hasSuffix(".safetensors")
    else { return nil }
    do {
      return try HubCache(settings).path(of: named)
    } catch let error as HubError {
      guard error.kind == .missing else { throw error.described }
      throw DarkroomError(.model, "no such file or folder, and as a model of the Hub: \(error)")
    }
  }

  private func unknown(_ name: String, _ kind: ModelFolders.Kind) -> DarkroomError {
    let stored = (try? HubCache(HubSettings(environment)).repositories().map(\.description)) ?? []
    let inHub = stored.filter { $0.lowercased().hasSuffix("/\(name.lowercased())") }
    let builtIn = kind == .upscaler ? UpscalerSource.builtIn.path : ModelSource.builtIn.path
    let near = NearNames.question(name, among: folders.entries(kind).map(\.name) + [builtIn])
    return DarkroomError(
      .model,
      expected:
        "a file, a folder, OWNER/NAME of the Hub, or a name in the folders of DARKROOM_MODELS and config.json",
      help: inHub.first.map { "did you mean \($0)?" } ?? near
        ?? (kind == .model ? "darkroom models lists what is here" : nil),
      "no \(kind.rawValue) is called '\(name)' here")
  }

  /// The one checkpoint of a folder that is no model itself; everything else as it is.
  private static func checkpoint(in path: String) throws -> String {
    let folder = ModelFolder(path)
    let isModel = folder.has("model_index.json") || ModelPart.drawing.contains { folder.has($0.rawValue) }
    let found = isModel ? [] : ModelFolders([path]).entries().filter { !$0.isPickle }.map(\.path)
    guard found.count > 1 else { return found.first ?? path }
    let models = found.filter { (try? ModelSummary.inspect(ModelSource(path: $0))) != nil }
    if models.count == 1 { return models[0] }
    throw DarkroomError(
      .model, field: path, expected: "the path of one",
      "holds several checkpoints: \((models.isEmpty ? found : models).prefix(20).joined(separator: ", "))")
  }
}
