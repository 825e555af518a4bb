import CEpoll

/// A connection whose client is still greeting by TLS. The protocol that it chooses (ALPN) says who serves it.
final class TLSGreeting: LoopGuest {
  private let transport: Transport
  private let address: SocketAddress
  private let end: ContinuousClock.Instant
  private let onPlain: HTTP2Loop.OnPlain
  private let onHTTP2: () -> HTTP2Connection?

  init(
    _ transport: Transport, _ address: SocketAddress, within time: Duration,
    onPlain: @escaping HTTP2Loop.OnPlain,
    onHTTP2: @escaping () -> HTTP2Connection?
  ) {
    (self.transport, self.address, self.end) = (transport, address, .now + time)
    (self.onPlain, self.onHTTP2) = (onPlain, onHTTP2)
  }

  var waits: [(socket: Int32, events: UInt32)] {
    [(transport.socket, transport.wantsToWrite ? EPOLLOUT.rawValue : EPOLLIN.rawValue)]
  }

  func work(_ scratch: UnsafeMutableRawBufferPointer) -> LoopGuestFate {
    switch transport.greet() {
    case .later: return .stays
    case .ended, .failed: return .leaves
    case .bytes:
      let next: (any LoopGuest)? =
        transport.isHTTP2
        ? onHTTP2()
        : TLSTunnel(transport) { [onPlain, address] in onPlain(Doorway.Caller(socket: $0, address: address)) }
      return next.map { .becomes($0) } ?? .leaves
    }
  }

  func check(_ now: ContinuousClock.Instant) -> LoopGuestFate { now > end ? .leaves : .stays }

  func leave() {}
}
