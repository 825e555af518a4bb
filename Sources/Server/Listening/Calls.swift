import Glibc

/// gRPC over HTTP/2: in the clear for this machine, whose client never sends a key then, and by TLS with one.
package final class Calls: Sendable {
  private let plain: HTTP2Loop
  private let encrypted: (loop: HTTP2Loop, context: TLSContext)?

  /// - Parameters:
  ///   - tls: nil if there is no certificate.
  ///   - daemon: gets connections that speak HTTP/1.1 within TLS.
  /// - Throws: `FileError`.
  package init(_ premises: Premises, tls: TLSContext?, daemon: HTTPDaemon, log: AccessLog) throws {
    let hand: HTTP2Loop.OnPlain = { daemon.adopt($0) }
    plain = try HTTP2Loop(service: StabilityService(premises, keys: nil, log: log), onPlain: hand)
    encrypted = try tls.map { context in
      (
        try HTTP2Loop(service: StabilityService(premises, keys: premises.keys, log: log), onPlain: hand),
        context
      )
    }
  }

  func adopt(_ caller: Doorway.Caller) {
    guard caller.address.isLoopback else {
      close(caller.socket)
      return
    }
    plain.adopt(caller)
  }

  func adoptEncrypted(_ caller: Doorway.Caller) {
    guard let encrypted else {
      close(caller.socket)
      return
    }
    encrypted.loop.adopt(caller, tls: encrypted.context)
  }

  func drain() {
    plain.drain()
    encrypted?.loop.drain()
  }

  func stop() {
    plain.stop()
    encrypted?.loop.stop()
  }
}
