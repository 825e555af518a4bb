import Hub

extension ModelStore {
  /// Finds the model of this name and content: the built-in one, that of the environment's `DARKROOM_MODEL`, one of that
  /// name in the model folders, or one of the Hub's cache, where repositories of that name come first. Without a
  /// fingerprint the name decides. Files of a large model may be read once for it. Its VAE is found by `findVAE`.
  /// - Throws: `DarkroomError` of kind `model` that says which is wanted, and which of that name have other content;
  ///   `CancellationError`.
  public func find(_ wanted: ModelReference) async throws -> ModelSource {
    let finder = ModelFinder()
    let near = try await finder.search(wanted, among: near() + inFolders(wanted.name), hashes)
    if let found = near.found { return found }
    let stored = try await finder.search(wanted, among: stored(wanted.name), hashes)
    if let found = stored.found { return found }
    let others = near.others + stored.others
    throw DarkroomError(
      .model,
      expected: "it as built-in, as DARKROOM_MODEL, in a model folder, in the Hub's cache, or --model",
      "the picture was drawn with the model \(wanted), which is not here"
        + (others.isEmpty ? "" : "; of that name \(others.joined(separator: ", "))"))
  }

  /// Finds the VAE of this name and content in the model folders. Without a fingerprint the name decides.
  /// - Returns: its path, or nil.
  /// - Throws: `CancellationError`.
  public func findVAE(_ wanted: VAEReference) async throws -> String? {
    let all = folders.entries(.vae)
    let named = folders.named(wanted.name, .vae)
    guard let content = wanted.content else { return named.first?.path }
    return try await ModelFinder().search(
      vae: content,
      among: named.map(\.path) + all.map(\.path).filter { path in !named.contains { $0.path == path } },
      hashes)
  }

  /// - Throws: `DarkroomError` of kind `model` that names the file; `CancellationError`.
  public func fingerprint(of source: ModelSource) async throws -> ModelFingerprint {
    try await ModelFinder().fingerprint(of: source, hashes)
  }

  /// The fingerprint if it is quickly made: of files that are small, or were read before.
  /// - Returns: nil if a file of more than 64 MiB would have to be read.
  /// - Throws: as `fingerprint(of:)`.
  public func quickFingerprint(of source: ModelSource) async throws -> ModelFingerprint? {
    var hashes = hashes
    hashes.mostRead = 64 << 20
    do {
      return try await ModelFinder().fingerprint(of: source, hashes)
    } catch is FileHashes.Unknown {
      return nil
    }
  }

  private var hashes: FileHashes { FileHashes.standard }

  private func inFolders(_ name: String) -> [ModelSource] {
    folders.named(name).map { ModelSource(path: $0.path) }
  }

  private func near() -> [ModelSource] {
    guard let path = environment["DARKROOM_MODEL"], !path.isEmpty, let own = try? source(named: path) else {
      return [.builtIn]
    }
    return [.builtIn, own]
  }

  /// Models of the Hub's cache, those of the name first.
  private func stored(_ name: String) throws -> [ModelSource] {
    let snapshots = try DarkroomError.wrapping { try HubCache(HubSettings(environment)).entries() }.map(
      \.snapshot)
    let sources = snapshots.filter(\.isComplete).map { ModelSource(path: $0.path) }
    return sources.filter { $0.name == name } + sources.filter { $0.name != name }
  }
}

extension ModelReference: CustomStringConvertible {
  public init(name: String, _ fingerprint: ModelFingerprint) {
    self.init(name: name, fingerprint: fingerprint.description)
  }

  /// Nil if it is not known.
  public var content: ModelFingerprint? { fingerprint.flatMap { ModelFingerprint($0) } }

  public var description: String { content.map { "\(name) (fingerprint \($0.short))" } ?? name }
}

extension VAEReference: CustomStringConvertible {
  /// Nil if it is not known.
  public var content: ModelFingerprint? { fingerprint.flatMap { ModelFingerprint($0) } }

  public var description: String { content.map { "\(name) (fingerprint \($0.short))" } ?? name }
}

/// Reads models on a queue of its own, since large ones take seconds.
private actor ModelFinder {
  private let executor = EngineExecutor("darkroom.find-model")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func fingerprint(of source: ModelSource, _ hashes: FileHashes) throws -> ModelFingerprint {
    try ModelFingerprint.make(of: source, hashes: hashes)
  }

  func search(vae wanted: ModelFingerprint, among paths: [String], _ hashes: FileHashes) throws -> String? {
    try paths.first { path in
      do {
        return try ModelFingerprint.make(ofVAE: path, hashes: hashes).matches(wanted)
      } catch is DarkroomError {
        return false  // Folders hold files of many kinds.
      }
    }
  }

  /// - Returns: the model, and what is told of others that have its name.
  func search(
    _ wanted: ModelReference, among sources: [ModelSource], _ hashes: FileHashes
  ) throws -> (found: ModelSource?, others: [String]) {
    guard let fingerprint = wanted.content else { return (sources.first { $0.name == wanted.name }, []) }
    var others: [String] = []
    for source in sources {
      do {
        let own = try ModelFingerprint.make(of: source, hashes: hashes)
        if own.matches(fingerprint) { return (source, []) }
        if source.name == wanted.name { others.append("\(source.path) has \(own.short)") }
      } catch is DarkroomError {
        continue  // A cache that programs share holds models of many kinds.
      }
    }
    return (nil, others)
  }
}
