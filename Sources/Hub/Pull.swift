import SystemFiles

/// How far a download has come. All counts are bytes.
package struct PullProgress: Sendable, Equatable {
  /// The file on its way, relative to the repository.
  package var file = ""
  package var fileBytes = 0
  package var fileSize = 0
  /// Of all files of the model, those that were there before included.
  package var bytes = 0
  package var size = 0
  /// Received now, over the network.
  package var received = 0
}

/// What a download has brought.
package struct PulledFile: Sendable, Equatable {
  package let path: String
  package let size: Int
  /// Whether it was in the cache before.
  package let wasThere: Bool
}

package struct PulledModel: Sendable, Equatable {
  package let reference: RepositoryReference
  package let commit: String
  /// The folder or file to load.
  package let path: String
  package let files: [PulledFile]
}

extension HubCache {
  /// Fetches a model's files that are not in the cache yet, and lets the revision point to them once all are there.
  /// Blocks; it ends soon after the task is cancelled, and goes on from there when it is called again.
  /// - Parameters:
  ///   - file: one safetensors file instead of what the repository's `model_index.json` describes.
  ///   - safetyChecker: whether the model's safety checker is wanted, with which nothing is drawn.
  ///   - progress: is called often.
  ///   - notice: is called with what the user should know, such as a second try.
  /// - Throws: `HubError`; `CancellationError`.
  package static func pull(
    _ reference: RepositoryReference, file: String? = nil, safetyChecker: Bool = false,
    _ settings: HubSettings,
    progress: @escaping (PullProgress) -> Void = { _ in }, notice: @escaping (String) -> Void = { _ in }
  ) throws -> PulledModel {
    let cache = HubCache(settings)
    if settings.isOffline { return try cache.offline(reference, file: file, safetyChecker: safetyChecker) }
    let client = try HubClient(settings, notice: notice)
    do {
      let listing = try client.listing(reference)
      let files = try Selection.files(of: listing, named: file, safetyChecker: safetyChecker, reference)
      let pull = Pull(
        cache: cache, client: client, reference: reference, commit: listing.commit, progress: progress,
        notice: notice)
      return try pull.run(files, named: file)
    } catch let failure as ResponseFailure {
      throw failure.explained(reference, settings)
    } catch let failure as TransferFailure {
      throw failure.explained(reference)
    }
  }

  /// A model that is complete in the cache.
  private func offline(
    _ reference: RepositoryReference, file: String?, safetyChecker: Bool
  ) throws -> PulledModel {
    func made(_ commit: String, _ path: String) -> PulledModel {
      PulledModel(reference: reference, commit: commit, path: path, files: [])
    }
    if let file, Names.isPath(file), let commit = commit(reference) {
      let path = "\(snapshot(commit, reference.repository))/\(file)"
      if Files.size(path) != nil { return made(commit, path) }
    } else if file == nil, let commit = commit(reference) {
      let found = look(commit, reference.repository)
      let hasAll = !safetyChecker || Self.missingOfSafetyChecker(in: found.path).isEmpty
      if found.isComplete, hasAll { return made(commit, found.path) }
    }
    throw HubError(
      .download, "\(reference): not all of it is in the cache, and HF_HUB_OFFLINE forbids to fetch it")
  }
}

/// One download of one revision.
private final class Pull {
  private let cache: HubCache
  private let client: HubClient
  private let reference: RepositoryReference
  private let commit: String
  private let report: (PullProgress) -> Void
  private let notice: (String) -> Void
  private var progress = PullProgress()
  private var isToldOfLocks = false
  private var repository: RepositoryName { reference.repository }

  init(
    cache: HubCache, client: HubClient, reference: RepositoryReference, commit: String,
    progress: @escaping (PullProgress) -> Void, notice: @escaping (String) -> Void
  ) {
    self.cache = cache
    self.client = client
    self.reference = reference
    self.commit = commit
    self.report = progress
    self.notice = notice
  }

  func run(_ files: [RemoteFile], named: String?) throws -> PulledModel {
    let missing = files.filter { !cache.has($0, commit: commit, repository) }
    // A cache that has all of it may be one that cannot be written.
    for folder in missing.isEmpty ? [] : ["blobs", "refs", "snapshots/\(commit)"] {
      try Files.makeFolder("\(cache.path(repository))/\(folder)")
    }
    try checkSpace(missing)
    progress.size = files.reduce(0) { $0 + $1.size }
    let pulled = try files.map { file in
      let before = progress.bytes
      (progress.file, progress.fileBytes, progress.fileSize) = (file.path, 0, file.size)
      let wasThere = try fetch(file, before: before)
      progress.bytes = before + file.size
      return PulledFile(path: file.path, size: file.size, wasThere: wasThere)
    }
    let snapshot = cache.look(commit, repository)
    guard named != nil || snapshot.isComplete else {
      throw HubError(
        .download,
        "\(reference): the repository lacks \(snapshot.missing.joined(separator: ", ")), which the model needs"
      )
    }
    // Only now, so that nobody takes a part for the whole.
    do {
      try cache.point(reference.revision, to: commit, repository)
    } catch let error as HubError where missing.isEmpty {
      notice("\(error); \(reference) keeps its name for another commit, or has none")
    }
    let folder = cache.snapshot(commit, repository)
    return PulledModel(
      reference: reference, commit: commit, path: named.map { "\(folder)/\($0)" } ?? snapshot.path,
      files: pulled)
  }

  private func checkSpace(_ files: [RemoteFile]) throws {
    var needed: [String: Int] = [:]
    for file in files {
      let blob = cache.blob(file.hash, repository)
      guard Files.size(blob) != file.size else { continue }
      needed[file.hash] = max(0, file.size - PartialFile.bytesThere(of: blob))
    }
    let bytes = needed.values.reduce(0, +)
    guard let free = client.settings.freeSpace(cache.path(repository)), bytes > free else { return }
    throw HubError(
      .disk,
      "\(reference): needs \((bytes + 999_999) / 1_000_000) MB of disk, and \(free / 1_000_000) MB are free in \(cache.folder); make room, or choose another disk with HF_HOME"
    )
  }

  /// Brings one file into the snapshot.
  /// - Returns: whether the cache had it before.
  private func fetch(_ file: RemoteFile, before: Int) throws -> Bool {
    if cache.has(file, commit: commit, repository) { return true }
    let lock = try Files.saying("cannot be locked") {
      try FileLock.take(cache.lock(file.hash, repository)) {
        notice("\(file.path): another program is fetching it; waiting")
      }
    }
    defer { withExtendedLifetime(lock) {} }
    if !lock.isHeld, !isToldOfLocks {
      isToldOfLocks = true
      notice("\(cache.folder): its file system has no locks; let no other program fetch the same model now")
    }
    let blob = cache.blob(file.hash, repository)
    let wasThere = Files.size(blob) == file.size
    do {
      if !wasThere {
        try download(file, to: blob) { count in
          self.progress.fileBytes = count
          self.progress.bytes = before + count
          self.report(self.progress)
        }
      }
      try cache.place(file, commit: commit, repository)
    } catch let error as HubError where error.kind == .disk {
      // Without locks another program may have brought it meanwhile.
      guard cache.has(file, commit: commit, repository) else { throw error }
    }
    return wasThere
  }

  private func download(_ file: RemoteFile, to blob: String, report: @escaping (Int) -> Void) throws {
    let partial = try PartialFile(file, blob: blob)
    report(partial.count)
    let address = client.settings.endpoint.adding(
      (repository.description + "/resolve/\(commit)/\(file.path)").split(separator: "/").map(String.init))
    var attempts = HubClient.Attempts(client)
    while partial.count < file.size {
      let start = partial.count
      do {
        let head = try client.get(address, headers: start > 0 ? ["Range: bytes=\(start)-"] : []) { head in
          guard try Self.prepare(partial, for: head, file) else { return nil }
          return { bytes in
            try partial.append(bytes)
            self.progress.received += bytes.count
            report(partial.count)
          }
        }
        guard partial.count < file.size, head.status != 416 || start == 0 else { continue }
        throw ResponseFailure.short(file, partial.count, address)
      } catch {
        if partial.count > start { attempts.arrived() }
        try attempts.wait(after: error)
      }
    }
    try partial.finish()
  }

  /// Makes the file ready for what the server sends: the rest, or all of it.
  /// - Returns: false if nothing usable comes.
  private static func prepare(_ partial: PartialFile, for head: ResponseHead, _ file: RemoteFile) throws
    -> Bool
  {
    if head.status == 416 {
      try partial.restart()
      return false
    }
    if head.status == 206 {
      let range = head.headers["content-range"] ?? ""
      if range.hasPrefix("bytes \(partial.count)-") { return true }
      // Not what was asked for: from the beginning next time, which needs no range.
      try partial.restart()
      return false
    }
    if partial.count > 0 { try partial.restart() }
    if let length = head.headers["content-length"].flatMap({ Int($0) }), length != file.size {
      throw partial.refusal("expected \(file.size) bytes, found \(length)")
    }
    return true
  }
}
