import FoundationEssentials
import Hub
import SystemFiles

/// Models in folders of this machine, and from the Hugging Face Hub, in the cache that all its programs share. The folders
/// are those of the environment's `DARKROOM_MODELS`, with colons between them, and those that the caller names. Where the cache is, which Hub is
/// asked and with which access token is said by the environment's `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`,
/// `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HUB_OFFLINE`, as for huggingface_hub.
public struct ModelStore: Sendable {
  let environment: [String: String]
  let folders: ModelFolders

  /// - Parameter folders: where models lie, beside those that the environment names: folders of A1111, ComfyUI,
  ///   InvokeAI, or any others.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment, folders: [String] = []
  ) {
    self.environment = environment
    let named = (environment["DARKROOM_MODELS"] ?? "").split(separator: ":").map(String.init)
    self.folders = ModelFolders(named.map { Paths.expanded($0, home: environment["HOME"]) } + folders)
  }

  /// Folders that are named, and are not there.
  package var missingFolders: [String] {
    folders.folders.filter { !FileManager.default.fileExists(atPath: $0) }
  }

  /// Fetches a model into the cache, or what is missing of it; files that are there are used as they are.
  /// - Parameters:
  ///   - name: `OWNER/NAME`, `OWNER/NAME@REVISION` with a branch, tag or commit, or the address of the model's page or of
  ///     one of its files.
  ///   - file: one safetensors file, instead of the model that the repository's `model_index.json` describes.
  ///   - safetyChecker: whether the model's safety checker is fetched too, for `Engine.check`.
  ///   - progress: is called often, on a thread of its own.
  ///   - notice: is called with what the user should know, such as a second try.
  /// - Throws: `DarkroomError` of kind `request` for the name, `download` for what the Hub does not give,
  ///   `resources` for the disk; `CancellationError` soon after the task is cancelled. What has arrived is kept.
  public func pull(
    _ name: String, file: String? = nil, safetyChecker: Bool = false,
    progress: @escaping @Sendable (DownloadProgress) -> Void = { _ in },
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> DownloadedModel {
    try await Downloader().pull(name, file, safetyChecker, environment, progress, notice)
  }

  /// All models of the model folders and of the cache, those of other programs and incomplete ones too.
  /// - Throws: `DarkroomError` of kind `request` for the environment.
  public func models() throws -> [StoredModel] {
    try DarkroomError.wrapping {
      try folders.entries().map { StoredModel($0) }
        + HubCache(HubSettings(environment)).entries().map { StoredModel($0) }
    }
  }

  /// Deletes one revision from the cache (`OWNER/NAME@REVISION`), or all of a repository. Files that other
  /// revisions use stay.
  /// - Parameter dryRun: only say what would be deleted.
  /// - Throws: `DarkroomError`, if there is no such model or it is being fetched.
  public func remove(_ name: String, dryRun: Bool = false) throws -> RemovedModel {
    try DarkroomError.wrapping {
      let settings = try HubSettings(environment)
      let named = try HubName(name, endpoint: settings.endpoint)
      let removal = try HubCache(settings).remove(named.reference, dryRun: dryRun)
      return RemovedModel(
        repository: removal.repository.description, commits: removal.commits, revisions: removal.references,
        bytes: removal.bytes)
    }
  }
}

/// How far a download has come. All counts are bytes.
public struct DownloadProgress: Sendable, Equatable {
  /// The file on its way, relative to the repository.
  public let file: String
  public let fileBytes: Int
  public let fileSize: Int
  /// Of all files of the model, those that were there before included.
  public let bytes: Int
  public let size: Int
  /// Received over the network by this call.
  public let received: Int
}

/// A model that is in the cache now.
public struct DownloadedModel: Codable, Sendable, Equatable {
  public struct File: Codable, Sendable, Equatable {
    /// Relative to the repository.
    public let path: String
    public let size: Int
    /// Whether it was in the cache before.
    public let wasThere: Bool
  }

  public let repository: String
  public let revision: String
  public let commit: String
  /// The folder or file to load.
  public let path: String
  /// Empty if nothing was asked of the Hub (`HF_HUB_OFFLINE`).
  public let files: [File]
}

/// A model in a folder or in the cache.
public struct StoredModel: Codable, Sendable, Equatable {
  /// In a folder, what it is called there.
  public let repository: String
  /// Empty for a model in a folder.
  public let commit: String
  /// Branches and tags that point to it.
  public let revisions: [String]
  /// The folder or file to load.
  public let path: String
  /// The family, if Darkroom can load it.
  public let family: String?
  /// Bytes of its files; revisions of one repository may share some.
  public let bytes: Int
  /// Files that it needs and that are not there.
  public let missing: [String]
  /// Safetensors files, relative to `path`, if there are several and none is the model by itself.
  public let choices: [String]
  /// Why it cannot be loaded; nil if it can, and where nobody has looked.
  public var reason: String?
}

/// What was deleted from the cache, or would be.
public struct RemovedModel: Codable, Sendable, Equatable {
  public let repository: String
  public let commits: [String]
  /// Branches and tags that pointed to them.
  public let revisions: [String]
  /// Bytes that the disk has back.
  public let bytes: Int
}
