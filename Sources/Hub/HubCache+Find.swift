extension HubCache {
  /// What the cache holds of a repository.
  package struct Entry: Sendable, Equatable {
    package let snapshot: Snapshot
    /// Branches and tags that point to it.
    package let references: [String]
    /// Bytes of its files; other revisions may share them.
    package let bytes: Int
  }

  /// All snapshots of models, by name.
  /// - Throws: `HubError` if the cache cannot be read.
  package func entries() throws -> [Entry] {
    try repositories().flatMap { repository in
      let references = references(repository)
      return commits(repository).map { commit in
        let folder = snapshot(commit, repository)
        // Two names of one blob count once.
        let sizes = Dictionary(
          Files.tree(folder).map {
            (Files.target("\(folder)/\($0)") ?? $0, Files.size("\(folder)/\($0)") ?? 0)
          },
          uniquingKeysWith: { first, _ in first })
        return Entry(
          snapshot: look(commit, repository),
          references: references.filter { $0.value == commit }.keys.sorted(),
          bytes: sizes.values.reduce(0, +))
      }
    }
  }

  /// The name of the model in a snapshot's folder, such as `sd-turbo`; nil if it is no such folder.
  package static func modelName(ofFolder path: String) -> String? {
    let parts = path.split(separator: "/").suffix(3).map(String.init)
    guard parts.count == 3, parts[1] == "snapshots", Names.isCommit(parts[2]) else { return nil }
    return RepositoryName(folder: parts[0])?.description.split(separator: "/").last.map(String.init)
  }

  /// The model that a name stands for.
  /// - Throws: `HubError` of kind `missing` that says what is there and what is not.
  package func find(_ reference: RepositoryReference) throws -> Snapshot {
    let repository = reference.repository
    let again = "darkroom pull \(reference)"
    guard let commit = commit(reference), commits(repository).contains(commit) else {
      for folder in ["", "/refs", "/snapshots"] { _ = try Files.namesIfThere(path(repository) + folder) }
      throw HubError(.missing, absence(of: reference, again: again))
    }
    let found = look(commit, repository)
    guard found.missing.isEmpty else { throw HubError(.missing, Self.partly(reference, found, again: again)) }
    guard found.choices.isEmpty else {
      let paths = found.choices.map { "\(snapshot(commit, repository))/\($0)" }.joined(separator: ", ")
      throw HubError(.missing, "\(reference): holds several models; name one of them: \(paths)")
    }
    return found
  }

  /// The folder or file that a name stands for.
  /// - Throws: `HubError` of kind `missing` that says what is there and what is not.
  package func path(of name: HubName) throws -> String {
    guard let file = name.file else { return try find(name.reference).path }
    let repository = name.reference.repository
    if let commit = commit(name.reference), Names.isPath(file) {
      let path = "\(snapshot(commit, repository))/\(file)"
      if Files.size(path) != nil { return path }
    }
    throw HubError(
      .missing,
      "\(name.reference): \(file) is not in the cache; darkroom pull \(name.reference) --file \(file) fetches it"
    )
  }

  private static func partly(_ reference: RepositoryReference, _ found: Snapshot, again: String) -> String {
    "\(reference): only a part of it is in the cache, without \(found.missing.joined(separator: ", ")); \(again) fetches the rest"
  }

  private func absence(of reference: RepositoryReference, again: String) -> String {
    let repository = reference.repository
    let known = references(repository).keys.sorted()
    if !known.isEmpty {
      let names = known.map { "\(repository)@\($0)" }.joined(separator: ", ")
      return "\(reference): is not in the cache, which has \(names); \(again) fetches it"
    }
    // A first download that was stopped: nothing points to it yet.
    if !reference.namesRevision, let commit = commits(repository).first {
      let found = look(commit, repository)
      return found.isComplete
        ? "\(reference): the cache has it as \(repository)@\(commit) alone; \(again) fetches the newest"
        : Self.partly(reference, found, again: again)
    }
    return "\(reference): is not in the cache (\(folder)); \(again) fetches it"
  }
}
