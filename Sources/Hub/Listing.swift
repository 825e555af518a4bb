import FoundationEssentials

/// A file of a repository, as the Hub lists it.
package struct RemoteFile: Sendable, Equatable {
  /// Relative, within the repository.
  package let path: String
  package let size: Int
  /// SHA-256 of a file in Git LFS, else SHA-1 of the git blob; the name of the blob in the cache.
  package let hash: String
  var isLarge: Bool { hash.utf8.count == 64 }

  var digest: Digest.Kind { isLarge ? .sha256 : .gitBlob(size: size) }
}

/// What the Hub tells about one revision of a repository.
struct Listing {
  let commit: String
  let files: [RemoteFile]
}

extension HubClient {
  private static let largestPage = 32 << 20
  private static let mostPages = 100

  /// Asks for the commit of a revision and its files.
  /// - Throws: `HubError` that says what is missing; `CancellationError`.
  func listing(_ reference: RepositoryReference) throws -> Listing {
    let repository = reference.repository.description.split(separator: "/").map(String.init)
    let base = settings.endpoint.adding(["api", "models"] + repository)
    let (info, _) = try data(base.adding(["revision", reference.revision]), limit: Self.largestPage)
    let commit = try decode(Revision.self, info, "the revision").sha
    guard Names.isCommit(commit) else {
      throw HubError(
        .download, "the Hub names '\(shortened(commit))' as commit; expected 40 hexadecimal digits")
    }
    var files: [RemoteFile] = []
    var next: Address? = base.adding(["tree", commit], query: "recursive=true&expand=false")
    var pages = 0
    while let page = next {
      let (answer, head) = try data(page, limit: Self.largestPage)
      files += try decode([Entry].self, answer, "the list of files").compactMap { try $0.file() }
      next = try head.headers["link"].flatMap { try Self.nextPage($0, after: page) }
      pages += 1
      guard pages < Self.mostPages else {
        throw HubError(.download, "the list of files has more than \(Self.mostPages) pages")
      }
    }
    guard Set(files.map(\.path)).count == files.count else {
      throw HubError(.download, "the Hub lists a file twice")
    }
    return Listing(commit: commit, files: files)
  }

  /// The address of `rel="next"` in a header `Link: <address>; rel="next", …`.
  static func nextPage(_ link: String, after page: Address) throws -> Address? {
    for part in link.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
      let pieces = part.split(separator: ">", maxSplits: 1)
      guard pieces.count == 2, pieces[1].contains("rel=\"next\"") else { continue }
      guard let address = Address(String(pieces[0])), !page.isDowngraded(by: address) else {
        throw HubError(
          .download, "the list of files goes on at '\(shortened(String(pieces[0])))', which is no address")
      }
      return address
    }
    return nil
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ data: Data, _ what: String) throws -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw HubError(
        .download, "\(settings.endpoint.place): the answer about \(what) is not what the Hub answers")
    }
  }
}

private struct Revision: Decodable {
  let sha: String
}

private struct Entry: Decodable {
  struct LargeFile: Decodable {
    let oid: String
    let size: Int
  }

  let type: String
  let path: String
  let oid: String?
  let size: Int?
  let lfs: LargeFile?

  /// Nil for a folder.
  func file() throws -> RemoteFile? {
    guard type == "file" else { return nil }
    guard Names.isPath(path) else {
      throw HubError(.download, "the Hub lists a file named '\(shortened(path))', which is refused")
    }
    guard let size = lfs?.size ?? size, size >= 0, size < 1 << 50, let hash = lfs?.oid ?? oid,
      Names.isHash(hash), lfs == nil || hash.utf8.count == 64
    else { throw HubError(.download, "the Hub lists '\(path)' without a size or hash that is possible") }
    return RemoteFile(path: path, size: size, hash: hash)
  }
}
