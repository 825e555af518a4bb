import Darkroom

/// What the operations of one hosted API have in common.
package struct API: Sendable {
  package let name: String
  /// Bytes of a request's body.
  package let bodyLimit: Int
  /// Whether a key is asked for, where the server has any.
  package let needsKey: Bool
  /// The parameter that may hold the key instead of a header.
  var keyParameter: String?
  /// How it writes that something is not possible.
  package let write: @Sendable (_ refusal: Refusal, _ request: String) -> HTTPResponse

  package init(
    _ name: String, bodyLimit: Int, needsKey: Bool = true, keyParameter: String? = nil,
    write: @escaping @Sendable (_ refusal: Refusal, _ request: String) -> HTTPResponse
  ) {
    (self.name, self.bodyLimit, self.needsKey) = (name, bodyLimit, needsKey)
    (self.keyParameter, self.write) = (keyParameter, write)
  }

  /// What is no hosted API's: state, figures, documents.
  package static let own = API("darkroom", bodyLimit: 1 << 20, write: writeOwn)
  /// What anybody may know.
  package static let open = API("darkroom", bodyLimit: 1 << 20, needsKey: false, write: writeOwn)

  @Sendable private static func writeOwn(_ refusal: Refusal, _ request: String) -> HTTPResponse {
    struct Body: Encodable {
      let id: String
      let name: String
      let message: String
    }
    return HTTPResponse(
      refusal.kind.status,
      json: Body(id: request, name: refusal.name ?? refusal.kind.usualName, message: refusal.text))
  }
}

extension Refusal.Kind {
  package var status: Int {
    switch self {
    case .request: 400
    case .unauthorized: 401
    case .payment: 402
    case .permission, .moderation: 403
    case .notFound: 404
    case .method: 405
    case .tooLarge: 413
    case .tooMany: 429
    case .unavailable: 503
    case .fault: 500
    }
  }

  package var usualName: String {
    switch self {
    case .request: "bad_request"
    case .unauthorized: "unauthorized"
    case .payment: "payment_required"
    case .permission: "permission_denied"
    case .moderation: "content_moderation"
    case .notFound: "not_found"
    case .method: "method_not_allowed"
    case .tooLarge: "payload_too_large"
    case .tooMany: "rate_limit_exceeded"
    case .unavailable: "unavailable"
    case .fault: "internal_error"
    }
  }
}
