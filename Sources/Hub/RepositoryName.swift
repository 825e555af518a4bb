/// A repository on the Hub, as `stabilityai/sd-turbo`; some old ones have no owner.
package struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package var hasOwner: Bool { description.contains("/") }

  /// The name of its folder in the cache: `models--OWNER--NAME`.
  package var folder: String { "models--" + description.split(separator: "/").joined(separator: "--") }

  /// Follows the Hub's rules, so that no name leads out of the cache.
  /// - Throws: `HubError` of kind `usage`.
  package init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ Self.isPart($0) }), !text.contains("--"), !text.contains(".."),
      !text.hasSuffix(".git")
    else {
      throw HubError(
        .usage,
        "'\(shortened(text))' is no repository of the Hub; expected OWNER/NAME of letters, digits, '-', '_' and '.', at most 96 each, not beginning or ending with '-' or '.', without '--' and '..'"
      )
    }
    description = text
  }

  /// The repository of a folder in the cache; nil if it is none.
  init?(folder: String) {
    guard folder.hasPrefix("models--") else { return nil }
    let parts = folder.dropFirst("models--".count).split(separator: "-", omittingEmptySubsequences: false)
    // "--" stands between the owner and the name, and nowhere else.
    let text = parts.joined(separator: "-").replacing("--", with: "/")
    guard let name = try? RepositoryName(text), name.folder == folder else { return nil }
    self = name
  }

  private static func isPart(_ part: Substring) -> Bool {
    guard let first = part.utf8.first, let last = part.utf8.last, part.utf8.count <= 96 else { return false }
    return isWord(first) && isWord(last)
      && part.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// A repository and one of its revisions: `REPO` or `REPO@REVISION`.
package struct RepositoryReference: Hashable, Sendable, CustomStringConvertible {
  package static let defaultRevision = "main"

  package let repository: RepositoryName
  /// A branch, a tag, or a commit of 40 hexadecimal digits.
  package let revision: String
  /// Whether the text named the revision.
  package let namesRevision: Bool

  /// - Throws: `HubError` of kind `usage`.
  package init(_ text: String) throws {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    repository = try RepositoryName(parts.first.map(String.init) ?? "")
    namesRevision = parts.count == 2
    revision = parts.count == 2 ? String(parts[1]) : Self.defaultRevision
    guard Names.isRevision(revision) else {
      throw HubError(
        .usage,
        "'\(shortened(revision))' is no revision; expected a branch, a tag or a commit after \(repository)@")
    }
  }

  /// As it was written, for messages that tell what to type.
  package var description: String { namesRevision ? "\(repository)@\(revision)" : "\(repository)" }
}

/// Text from outside, cut for a message.
func shortened(_ text: String) -> String { text.count > 100 ? text.prefix(100) + "…" : text }
