import Darkroom

/// Why a request is not answered with what it asks for. How it is written depends on the API.
package struct Refusal: Error, Sendable, Equatable {
  package enum Kind: Sendable {
    /// Something in the request is not possible.
    case request
    case unauthorized
    /// No credits are left.
    case payment
    /// A page of somebody else asks, or for a name that is not this server's.
    case permission
    /// The content filter does not let the prompt pass.
    case moderation
    case notFound
    case method
    case tooLarge
    /// Too many requests, or too many jobs.
    case tooMany
    /// The server is ending, or the job took too long.
    case unavailable
    /// Nothing that the client could change.
    case fault
  }

  package var kind: Kind
  /// The parameter, header or part at fault.
  package var field: String?
  package var message: String
  /// The API's own name for it, where it has a more exact one.
  package var name: String?
  /// Seconds.
  package var retryAfter: Int?

  package init(
    _ kind: Kind, field: String? = nil, _ message: String, name: String? = nil, retryAfter: Int? = nil
  ) {
    (self.kind, self.field, self.message) = (kind, field, message)
    (self.name, self.retryAfter) = (name, retryAfter)
  }

  /// What the hosted service says of prompts and pictures that its filter trips on.
  static let flagged =
    "Your request was flagged by our content moderation system, as a result your request was denied and you were not charged."

  /// "field: problem".
  package var text: String { field.map { "\($0): \(message)" } ?? message }
}

extension Refusal {
  /// What an engine's error means to a client.
  /// - Parameter parameter: what the API calls a field of the request.
  package init(_ error: any Error, parameter: (String) -> String = { $0 }) {
    switch error {
    case let error as Refusal: self = error
    case let error as DarkroomError:
      let kind: Kind =
        switch error.kind {
        case .request, .resources, .unsupported: .request
        case .busy: .tooMany
        case .cancelled: .unavailable
        case .filtered: .moderation
        case .model, .nonFinite, .download, .output, .deviceLost: .fault
        }
      let whole = DarkroomError(
        error.kind, found: error.found, expected: error.expected, help: error.help, error.message)
      self.init(kind, field: error.field.map(parameter), whole.description)
    case is CancellationError: self.init(.unavailable, "the request was cancelled")
    default: self.init(.fault, "\(error)")
    }
  }
}
