import Hub

extension ModelStore {
  /// Finds the model of this name and content: the built-in one, that of the environment's `DARKROOM_MODEL`, or one of
  /// the Hub's cache, where repositories of that name come first. Without a fingerprint the name decides. Files of a
  /// large model may be read once for it.
  /// - Throws: `DarkroomError` of kind `model` that says which is wanted, and which of that name have other content;
  ///   `CancellationError`.
  public func find(_ wanted: ModelReference) async throws -> ModelSource {
    try await ModelFinder().find(wanted, among: try candidates(for: wanted), hashes)
  }

  /// - Throws: `DarkroomError` of kind `model` that names the file; `CancellationError`.
  public func fingerprint(of source: ModelSource) async throws -> ModelFingerprint {
    try await ModelFinder().fingerprint(of: source, hashes)
  }

  private var hashes: FileHashes { FileHashes(environment: environment) }

  private func candidates(for wanted: ModelReference) throws -> [ModelSource] {
    var sources = [ModelSource.builtIn]
    if let path = environment["DARKROOM_MODEL"], !path.isEmpty, let own = try? source(named: path) {
      sources.append(own)
    }
    let stored = try DarkroomError.wrapping { try HubCache(HubSettings(environment)).entries() }
      .map(\.snapshot).filter(\.isComplete).map { ModelSource(path: $0.path) }
    sources += stored.filter { $0.name == wanted.name } + stored.filter { $0.name != wanted.name }
    return sources
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

/// Reads models on a queue of its own, since large ones take seconds.
private actor ModelFinder {
  private let executor = EngineExecutor("darkroom.find-model")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func fingerprint(of source: ModelSource, _ hashes: FileHashes) throws -> ModelFingerprint {
    try ModelFingerprint.make(of: source, hashes: hashes)
  }

  func find(_ wanted: ModelReference, among sources: [ModelSource], _ hashes: FileHashes) throws
    -> ModelSource
  {
    guard let fingerprint = wanted.content else {
      guard let found = sources.first(where: { $0.name == wanted.name }) else {
        throw Self.missing(wanted, others: [])
      }
      return found
    }
    var others: [String] = []
    for source in sources {
      do {
        let found = try ModelFingerprint.make(of: source, hashes: hashes)
        if found.matches(fingerprint) { return source }
        if source.name == wanted.name { others.append("\(source.path) has \(found.short)") }
      } catch is DarkroomError {
        continue  // A cache that programs share holds models of many kinds.
      }
    }
    throw Self.missing(wanted, others: others)
  }

  private static func missing(_ wanted: ModelReference, others: [String]) -> DarkroomError {
    DarkroomError(
      .model, expected: "it as built-in, as DARKROOM_MODEL, in the Hub's cache, or --model",
      "the picture was drawn with the model \(wanted), which is not here"
        + (others.isEmpty ? "" : "; of that name \(others.joined(separator: ", "))"))
  }
}
