/// Why a model cannot be named, found, fetched or removed: one sentence.
package struct HubError: Error, CustomStringConvertible, Sendable, Equatable {
  package enum Kind: Sendable {
    /// The caller's name, revision, flag or environment is wrong.
    case usage
    /// The cache does not hold it, or not all of it.
    case missing
    /// The Hub or the way to it does not give it, or gives something else.
    case download
    /// Another program holds it.
    case busy
    /// No room on the disk, or a folder that cannot be written.
    case disk
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
