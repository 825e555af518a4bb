import SystemFiles

/// The cache that all programs of the Hub share: for each repository its `blobs` by hash, `snapshots` by commit
/// with links to blobs, and `refs` from branches and tags to commits.
package struct HubCache: Sendable {
  package let folder: String
  private let makeLink: @Sendable (_ target: String, _ path: String) -> Int32

  package init(_ settings: HubSettings) { (folder, makeLink) = (settings.cache, settings.makeLink) }

  func path(_ repository: RepositoryName) -> String { "\(folder)/\(repository.folder)" }

  func blob(_ hash: String, _ repository: RepositoryName) -> String { "\(path(repository))/blobs/\(hash)" }

  func snapshot(_ commit: String, _ repository: RepositoryName) -> String {
    "\(path(repository))/snapshots/\(commit)"
  }

  func reference(_ revision: String, _ repository: RepositoryName) -> String {
    "\(path(repository))/refs/\(revision)"
  }

  func lock(_ hash: String, _ repository: RepositoryName) -> String {
    "\(folder)/.locks/\(repository.folder)/\(hash).lock"
  }

  /// The commit that a branch or tag had when it was last fetched, or the commit itself.
  func commit(_ reference: RepositoryReference) -> String? {
    if Names.isCommit(reference.revision) { return reference.revision }
    let text = Files.text(self.reference(reference.revision, reference.repository), limit: 64)
    return text.map { String($0.prefix { !$0.isWhitespace }) }.flatMap { Names.isCommit($0) ? $0 : nil }
  }

  /// All branches and tags with their commits.
  func references(_ repository: RepositoryName) -> [String: String] {
    let names = Files.tree("\(path(repository))/refs").filter { Names.isRevision($0) }
    let pairs = names.compactMap { name -> (String, String)? in
      let text = Files.text(self.reference(name, repository), limit: 64)
      return text.map { String($0.prefix { !$0.isWhitespace }) }.flatMap {
        Names.isCommit($0) ? (name, $0) : nil
      }
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  func commits(_ repository: RepositoryName) -> [String] {
    Files.names("\(path(repository))/snapshots").filter { Names.isCommit($0) }
  }

  /// All repositories with models, by name.
  /// - Throws: `HubError` if the cache cannot be read.
  package func repositories() throws -> [RepositoryName] {
    try Files.namesIfThere(folder).compactMap { RepositoryName(folder: $0) }
      .filter { Files.kind(path($0)) == .folder }
  }

  /// Makes a file of a snapshot a relative link to its blob. Where the file system has no links, the blob itself goes
  /// there, as huggingface_hub has it.
  func place(_ file: RemoteFile, commit: String, _ repository: RepositoryName) throws {
    let place = "\(snapshot(commit, repository))/\(file.path)"
    try Files.makeFolder(Paths.folder(of: place))
    let up = String(repeating: "../", count: 1 + file.path.split(separator: "/").count)
    if try !Files.link(to: "\(up)blobs/\(file.hash)", at: place, by: makeLink) {
      try Files.move(blob(file.hash, repository), to: place)
    }
  }

  /// Whether a snapshot has the file: by a link to its blob, or itself in a cache without links.
  func has(_ file: RemoteFile, commit: String, _ repository: RepositoryName) -> Bool {
    let place = "\(snapshot(commit, repository))/\(file.path)"
    guard Files.size(place) == file.size else { return false }
    return Files.target(place).map { $0.hasSuffix("/\(file.hash)") } ?? true
  }

  /// Lets a branch or tag point to a commit, as it does on the Hub.
  func point(_ revision: String, to commit: String, _ repository: RepositoryName) throws {
    let place = reference(revision, repository)
    let there = Files.text(place, limit: 64)?.prefix { !$0.isWhitespace }
    guard revision != commit, there != commit[...] else { return }
    try Files.makeFolder(Paths.folder(of: place))
    try Files.write(commit, to: place)
  }
}
