import Glibc
import SystemFiles

/// What is deleted from the cache, or would be.
package struct Removal: Sendable, Equatable {
  package let repository: RepositoryName
  package let commits: [String]
  /// Branches and tags that pointed to them.
  package let references: [String]
  /// Bytes that the disk has back.
  package let bytes: Int
}

extension HubCache {
  /// Deletes one revision, or without one the whole repository. Blobs that other revisions use stay.
  /// - Parameter dryRun: only say what would be deleted.
  /// - Throws: `HubError` if there is no such thing, it is being fetched, or its folders are links.
  package func remove(_ reference: RepositoryReference, dryRun: Bool) throws -> Removal {
    let repository = reference.repository
    let folder = path(repository)
    guard let kind = Files.kind(folder) else {
      throw HubError(
        .missing, "\(repository): is not in the cache (\(self.folder)); darkroom models lists what is")
    }
    for part in [kind] + ["blobs", "refs", "snapshots"].compactMap({ Files.kind("\(folder)/\($0)") })
    where part != .folder {
      throw HubError(
        .missing, "\(folder): it or a folder in it is a link; only what lies in the cache itself is deleted")
    }
    let commits = commits(repository)
    guard reference.namesRevision else { return try removeAll(repository, commits, dryRun: dryRun) }
    guard let commit = commit(reference), commits.contains(commit) else {
      let known = Set(references(repository).keys).union(commits).sorted().joined(separator: ", ")
      throw HubError(.missing, "\(reference): no such revision in the cache; it has \(known)")
    }
    if commits == [commit] { return try removeAll(repository, commits, dryRun: dryRun) }
    return try remove(commit, of: commits, repository, dryRun: dryRun)
  }

  private func removeAll(_ repository: RepositoryName, _ commits: [String], dryRun: Bool) throws -> Removal {
    let folder = path(repository)
    let names = Files.names("\(folder)/blobs")
    let removal = Removal(
      repository: repository, commits: commits, references: references(repository).keys.sorted(),
      bytes: names.reduce(0) { $0 + bytes("\(folder)/blobs/\($1)") }
        + commits.reduce(0) { $0 + copies($1, repository) })
    let locks = try take(names.map { String($0.prefix { $0 != "." }) }, repository)
    defer { withExtendedLifetime(locks) {} }
    if !dryRun { try Files.remove(folder) }
    return removal
  }

  private func remove(_ commit: String, of commits: [String], _ repository: RepositoryName, dryRun: Bool)
    throws
    -> Removal
  {
    let kept = commits.filter { $0 != commit }.reduce(into: Set<String>()) {
      $0.formUnion(blobs($1, repository))
    }
    let unused = blobs(commit, repository).subtracting(kept).sorted()
    let references = references(repository).filter { $0.value == commit }.keys.sorted()
    let removal = Removal(
      repository: repository, commits: [commit], references: references,
      bytes: unused.reduce(0) { $0 + bytes(blob($1, repository)) } + copies(commit, repository))
    let locks = try take(unused, repository)
    defer { withExtendedLifetime(locks) {} }
    if dryRun { return removal }
    // What points to a thing goes before the thing.
    for name in references { try Files.remove(reference(name, repository)) }
    try Files.remove(snapshot(commit, repository))
    for hash in unused where Files.kind(blob(hash, repository)) != nil {
      try Files.remove(blob(hash, repository))
    }
    // huggingface_hub's list of the revision's files.
    let list = "\(path(repository))/trees/\(commit).json"
    if Files.kind(list) == .file { try Files.remove(list) }
    return removal
  }

  /// Hashes that a snapshot's links lead to.
  private func blobs(_ commit: String, _ repository: RepositoryName) -> Set<String> {
    let folder = snapshot(commit, repository)
    return Set(
      Files.tree(folder).compactMap { file in
        let parts = Files.target("\(folder)/\(file)")?.split(separator: "/").suffix(2).map(String.init) ?? []
        return parts.count == 2 && parts[0] == "blobs" && Names.isHash(parts[1]) ? parts[1] : nil
      })
  }

  /// Bytes of a blob itself; none for a link to a blob that repositories share.
  private func bytes(_ path: String) -> Int { Files.kind(path) == .file ? Files.size(path) ?? 0 : 0 }

  /// Bytes of files that lie in a snapshot instead of links.
  private func copies(_ commit: String, _ repository: RepositoryName) -> Int {
    let folder = snapshot(commit, repository)
    return Files.tree(folder).reduce(0) { $0 + bytes("\(folder)/\($1)") }
  }

  /// Locks blobs, so that nobody is fetching them.
  private func take(_ hashes: [String], _ repository: RepositoryName) throws -> [FileLock] {
    try Set(hashes).filter { Names.isHash($0) }.sorted().map { hash in
      let taken = try Files.saying("cannot be locked") { try FileLock.tryTake(lock(hash, repository)) }
      guard let taken else {
        throw HubError(.busy, "\(repository): another program is fetching it now")
      }
      return taken
    }
  }
}
