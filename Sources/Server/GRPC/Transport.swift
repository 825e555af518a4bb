import CTLS
import Glibc

/// The bytes of a client's socket, in the clear or by TLS. It is used by one thread, which no signal of a broken pipe
/// reaches, and never waits.
final class Transport {
  enum Outcome {
    case bytes(Int)
    /// Nothing goes now; the socket tells when.
    case later
    /// The client sends nothing more.
    case ended
    case failed
  }

  let socket: Int32
  private let tls: OpaquePointer?

  /// Owns the socket from now on.
  /// - Returns: nil if OpenSSL has no memory for a connection.
  init?(socket: Int32, tls context: TLSContext?) {
    self.socket = socket
    tls = context?.makeConnection(socket)
    guard context == nil || tls != nil else {
      close(socket)
      return nil
    }
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    // A client that has vanished from the network is noticed within this time, in milliseconds.
    var patience: Int32 = 60_000
    setsockopt(
      socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit {
    if let tls {
      ERR_clear_error()
      SSL_shutdown(tls)
      SSL_free(tls)
    }
    close(socket)
  }

  var isSecured: Bool { tls != nil }

  /// Goes on with the greeting of TLS; `.bytes` when it is done.
  func greet() -> Outcome {
    guard let tls else { return .bytes(0) }
    ERR_clear_error()
    let result = SSL_do_handshake(tls)
    return result == 1 ? .bytes(0) : outcome(tls, result)
  }

  /// Whether the greeting waits for room to send.
  var wantsToWrite: Bool { tls.map { SSL_want($0) == SSL_WRITING } ?? false }

  /// Whether the client chose HTTP/2 while greeting.
  var isHTTP2: Bool {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    if let tls { SSL_get0_alpn_selected(tls, &name, &count) }
    return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual("h2".utf8)
  }

  /// - Parameter buffer: has room for a record of TLS, 16 KiB, so that none stays where the socket does not tell of it.
  func read(_ buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    if let tls {
      ERR_clear_error()
      let count = SSL_read(tls, buffer.baseAddress, Int32(clamping: buffer.count))
      return count > 0 ? .bytes(Int(count)) : outcome(tls, count)
    }
    return Self.outcome(recv(socket, buffer.baseAddress, buffer.count, 0))
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    if let tls {
      ERR_clear_error()
      let count = SSL_write(tls, bytes.baseAddress, Int32(clamping: bytes.count))
      return count > 0 ? .bytes(Int(count)) : outcome(tls, count)
    }
    return Self.outcome(send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
  }

  private func outcome(_ tls: OpaquePointer, _ result: Int32) -> Outcome {
    switch SSL_get_error(tls, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .later
    case SSL_ERROR_ZERO_RETURN: .ended
    default: .failed
    }
  }

  /// What a system call on a socket came to.
  static func outcome(_ count: Int) -> Outcome {
    if count > 0 { return .bytes(count) }
    if count == 0 { return .ended }
    return [EAGAIN, EINTR].contains(errno) ? .later : .failed
  }
}
