import FoundationEssentials

/// What people call a model of the Hub: `OWNER/NAME`, `OWNER/NAME@REVISION`, or the address of one of its pages or
/// files as a browser shows it.
package struct HubName: Sendable, Equatable {
  package let reference: RepositoryReference
  /// The file in the repository that the address is of; nil for the whole model.
  package let file: String?

  private static let hosts = ["huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com"]
  /// Pages of the Hub that show one file, and those that show a folder or the history at a revision.
  private static let filePages: Set<Substring> = ["blob", "resolve", "raw", "blame"]
  private static let folderPages: Set<Substring> = ["tree", "commits", "commit"]

  /// - Parameter endpoint: the Hub's address, if it is not the usual one.
  /// - Throws: `HubError` of kind `usage`.
  package init(_ text: String, endpoint: Address? = nil) throws {
    let text = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard let path = try Self.path(text, endpoint) else {
      (reference, file) = (try RepositoryReference(text), nil)
      return
    }
    guard let plain = URLComponents(string: "https://hub\(path)")?.path else { throw Self.refusal(text) }
    var words = plain.split(separator: "/")
    if words.starts(with: ["api", "models"]) { words.removeFirst(2) }
    guard words.count >= 2 else { throw Self.refusal(text) }
    guard !["datasets", "spaces", "collections", "papers", "docs"].contains(words[0]) else {
      throw HubError(
        .usage,
        "'\(shortened(text))' is no page of a model; expected one like https://huggingface.co/OWNER/NAME")
    }
    let name = words[1].hasSuffix(".git") ? words[1].dropLast(4) : words[1]
    var (revision, rest) = (Substring?.none, words.dropFirst(2))
    let page = rest.popFirst() ?? ""
    if Self.filePages.contains(page) || Self.folderPages.contains(page) {
      // Branches of pull requests are called refs/pr/N.
      let length = rest.first == "refs" && rest.count >= 3 ? 3 : 1
      revision = rest.isEmpty ? nil : Substring(rest.prefix(length).joined(separator: "/"))
      rest = rest.dropFirst(length)
    }
    let shown = Self.filePages.contains(page) ? rest.joined(separator: "/") : ""
    // A page about the model's configuration or its card is a page about the model.
    file = shown.isEmpty || [".json", ".md", ".txt"].contains(where: shown.hasSuffix) ? nil : shown
    let isMain = revision == nil || revision == Substring(RepositoryReference.defaultRevision)
    reference = try RepositoryReference("\(words[0])/\(name)" + (isMain ? "" : "@\(revision ?? "")"))
  }

  /// What follows the Hub's host in an address; nil if the text is no address.
  private static func path(_ text: String, _ endpoint: Address?) throws -> Substring? {
    let schemes = ["https://", "http://"]
    let scheme = schemes.first { text.lowercased().hasPrefix($0) }
    let rest = text.dropFirst(scheme?.count ?? 0)
    if let endpoint, text.hasPrefix(endpoint.description + "/") {
      return text.dropFirst(endpoint.description.count)
    }
    let host = rest.prefix { $0 != "/" }.lowercased()
    if hosts.contains(host) { return rest.dropFirst(host.count) }
    guard scheme != nil else { return nil }
    throw HubError(
      .usage,
      "'\(shortened(text))' is no address of the Hub (https://huggingface.co/OWNER/NAME); a file from elsewhere is fetched with a browser, and named with --model FILE.safetensors"
    )
  }

  private static func refusal(_ text: String) -> HubError {
    HubError(
      .usage,
      "'\(shortened(text))' names no model; expected an address like https://huggingface.co/OWNER/NAME")
  }

  /// - Throws: `HubError` of kind `usage` if the name has no owner, as that of no model for pictures has.
  package func checkOwner() throws {
    guard !reference.repository.hasOwner else { return }
    let name = reference.repository.description
    throw HubError(
      .usage,
      "'\(name)' has no owner; expected OWNER/NAME, as the model's page https://huggingface.co/OWNER/NAME says (https://huggingface.co/models?search=\(name) looks for it)"
    )
  }
}
