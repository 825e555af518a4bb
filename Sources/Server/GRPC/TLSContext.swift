import CTLS
import Glibc
import SystemFiles

/// A certificate with its key, ready for connections.
/// `Sendable` since OpenSSL counts references to a context, and nothing changes it once it is made.
package final class TLSContext: @unchecked Sendable {
  private let context: OpaquePointer

  /// - Parameters:
  ///   - certificate: a PEM file of the server's certificate, followed by those between it and the root.
  ///   - key: a PEM file of its private key, without a password.
  package init(certificate: String, key: String) throws {
    for path in [certificate, key] where access(path, R_OK) != 0 { throw FileError.system("read", path) }
    guard let context = SSL_CTX_new(TLS_server_method()) else {
      throw FileError("use", certificate, reason: Self.problem())
    }
    self.context = context
    tls_set_least_version(context)
    tls_set_partial_writes(context)
    tls_refuse_renegotiation(context)
    SSL_CTX_set_alpn_select_cb(context, Self.choose, nil)
    // OpenSSL would ask for a password on the terminal.
    SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
    ERR_clear_error()
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
      throw FileError("use", certificate, reason: "expected a certificate in PEM: \(Self.problem())")
    }
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
      throw FileError(
        "use", key,
        reason:
          "expected a private key in PEM, without a password, that belongs to \(certificate): \(Self.problem())"
      )
    }
  }

  deinit { SSL_CTX_free(context) }

  /// One connection's side of TLS, over a socket.
  func makeConnection(_ socket: Int32) -> OpaquePointer? {
    guard let connection = SSL_new(context) else { return nil }
    SSL_set_accept_state(connection)
    guard SSL_set_fd(connection, socket) == 1 else {
      SSL_free(connection)
      return nil
    }
    return connection
  }

  /// What OpenSSL says of the call that failed just now.
  private static func problem() -> String {
    ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) } ?? "OpenSSL gives no reason"
  }

  /// Chooses HTTP/1.1 where the client offers it, since it may want REST, and HTTP/2 where it offers only that, as clients of
  /// gRPC do (RFC 7301).
  private static let choose: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenCount, offers, count, _ in
    guard let offers, let chosen, let chosenCount else { return SSL_TLSEXT_ERR_NOACK }
    let list = UnsafeBufferPointer(start: offers, count: Int(count))
    for wanted in ["http/1.1", "h2"] {
      var place = 0
      while place < list.count, place + Int(list[place]) < list.count {
        let name = list[(place + 1)...(place + Int(list[place]))]
        if name.elementsEqual(wanted.utf8) {
          (chosen.pointee, chosenCount.pointee) = (offers + place + 1, list[place])
          return SSL_TLSEXT_ERR_OK
        }
        place += 1 + Int(list[place])
      }
    }
    return SSL_TLSEXT_ERR_NOACK
  }
}
