import FoundationEssentials
import Glibc
import Hub

/// Runs downloads on a queue of their own, since they wait for the network.
actor Downloader {
  private let executor = EngineExecutor("darkroom.download")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func pull(
    _ name: String, _ file: String?, _ safetyChecker: Bool, _ environment: [String: String],
    _ progress: @escaping @Sendable (DownloadProgress) -> Void, _ notice: @escaping @Sendable (String) -> Void
  ) throws -> DownloadedModel {
    try DarkroomError.wrapping {
      var settings = try HubSettings(environment)
      settings.userAgent = "darkroom/\(darkroomVersion)"
      let named = try HubName(name, endpoint: settings.endpoint)
      try named.checkOwner()
      let pulled = try HubCache.pull(
        named.reference, file: file ?? named.file, safetyChecker: safetyChecker, settings,
        progress: { progress(DownloadProgress($0)) }, notice: notice)
      return DownloadedModel(pulled)
    }
  }
}

extension DownloadProgress {
  init(_ progress: PullProgress) {
    self.init(
      file: progress.file, fileBytes: progress.fileBytes, fileSize: progress.fileSize, bytes: progress.bytes,
      size: progress.size, received: progress.received)
  }
}

extension DownloadedModel {
  init(_ pulled: PulledModel) {
    self.init(
      repository: pulled.reference.repository.description, revision: pulled.reference.revision,
      commit: pulled.commit, path: pulled.path,
      files: pulled.files.map { File(path: $0.path, size: $0.size, wasThere: $0.wasThere) })
  }
}

extension StoredModel {
  /// A model in a folder, which has no revisions.
  init(_ entry: ModelFolders.Entry) {
    let looked = Result { try ModelSummary.inspect(ModelSource(path: entry.path)) }
    var reason: String? = if case .failure(let error) = looked { DarkroomError(error).message } else { nil }
    // The whole advice is for who wants to load it.
    if entry.isPickle { reason = "a Python pickle, which is not read" }
    self.init(
      repository: entry.name, commit: "", revisions: [], path: entry.path,
      family: (try? looked.get())?.family, bytes: Self.bytes(entry.path), missing: [], choices: [],
      reason: reason)
  }

  private static func bytes(_ path: String) -> Int {
    let below = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
    return ([""] + below).reduce(0) { sum, name in
      var status = stat()
      guard stat(name.isEmpty ? path : "\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG
      else {
        return sum
      }
      return sum + Int(status.st_size)
    }
  }

  init(_ entry: HubCache.Entry) {
    let snapshot = entry.snapshot
    let summary = snapshot.isComplete ? try? ModelSummary.inspect(ModelSource(path: snapshot.path)) : nil
    self.init(
      repository: snapshot.repository.description, commit: snapshot.commit, revisions: entry.references,
      path: snapshot.path, family: summary?.family, bytes: entry.bytes, missing: snapshot.missing,
      choices: snapshot.choices)
  }
}
