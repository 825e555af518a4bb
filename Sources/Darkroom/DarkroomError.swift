import SystemFiles

/// What went wrong, as data and as one line that names the file, tensor or field and what was expected.
public struct DarkroomError: Error, Codable, Equatable, Sendable {
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// A field of the request, a flag or an input file of the caller.
    case request
    /// A model's file.
    case model
    /// Too little memory or another resource.
    case resources
    /// A network made a number that is not finite.
    case nonFinite = "non-finite"
    /// The Hub, or the way to it, does not give a model.
    case download
    /// A picture could not be encoded or written.
    case output
    /// Somebody else holds what is needed; later it may work.
    case busy
    /// The device stopped answering.
    case deviceLost = "device-lost"
    /// The caller took the request back.
    case cancelled
    /// What is asked for is sound, and this engine cannot do it.
    case unsupported
    /// A content filter does not let a prompt or a picture pass.
    case filtered
  }

  public let kind: Kind
  /// The field, flag, file or part at fault.
  public let field: String?
  /// The value at fault.
  public let found: String?
  /// What would have been right.
  public let expected: String?
  /// What the reader may do.
  public let help: String?
  /// What is wrong, as the middle of the description; nil says that what was found is not possible.
  public let message: String?

  public init(
    _ kind: Kind, field: String? = nil, found: String? = nil, expected: String? = nil, help: String? = nil,
    _ message: String? = nil
  ) {
    self.kind = kind
    self.field = field
    self.found = found
    self.expected = expected
    self.help = help
    self.message = message
  }
}

extension DarkroomError: CustomStringConvertible {
  /// "steps: 0 is not possible; expected 1 to 150".
  public var description: String {
    let problem = message ?? found.map { "\($0) is not possible" } ?? "is not possible"
    return (field.map { "\($0): " } ?? "") + problem + (expected.map { "; expected \($0)" } ?? "")
      + (help.map { "; \($0)" } ?? "")
  }

  /// Any error as one of these.
  package init(_ error: any Error) {
    switch error {
    case let error as DarkroomError: self = error
    case let error as any DescribedError: self = error.described
    case is CancellationError: self.init(.cancelled, "cancelled")
    default: self.init(.output, Self.reason(error))
    }
  }

  /// What a decoder says, without its types.
  static func reason(_ error: any Error) -> String {
    switch error {
    // Those of our own decoders say it all.
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty: context.debugDescription
    case let error as DecodingError: error.inWords
    default: "\(error)"
    }
  }

  /// The same error with the place of its field, such as the row of a file.
  package func at(_ place: String) -> DarkroomError {
    DarkroomError(
      kind, field: field.map { "\(place): \($0)" } ?? place, found: found, expected: expected, help: help,
      message)
  }
}
