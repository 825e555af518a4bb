import CEpoll
import Glibc

/// Carries bytes between a client that speaks TLS and a socket of this process where they are in the clear.
final class TLSTunnel: LoopGuest {
  /// Bytes that were read on one side and not yet written on the other.
  private struct Pipe {
    var bytes: ArraySlice<UInt8> = []
    /// Whether nothing more comes.
    var isEnded = false
    var isReading: Bool { bytes.isEmpty && !isEnded }
  }

  private let transport: Transport
  private let near: Int32
  private var inward = Pipe()
  private var outward = Pipe()
  /// Whether the near side was told that the client sends nothing more.
  private var hasTold = false
  private var moved = ContinuousClock.now

  /// - Parameter handOver: gets the other end of the near side.
  /// - Returns: nil if the system has no more descriptors.
  init?(_ transport: Transport, handOver: (Int32) -> Void) {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { return nil }
    (self.transport, near) = (transport, pair[0])
    handOver(pair[1])
  }

  deinit { close(near) }

  var waits: [(socket: Int32, events: UInt32)] {
    // The client's breaking off is told in any case.
    let far =
      EPOLLERR.rawValue | (inward.isReading ? EPOLLIN.rawValue : 0)
      | (outward.bytes.isEmpty ? 0 : EPOLLOUT.rawValue)
    let near = (outward.isReading ? EPOLLIN.rawValue : 0) | (inward.bytes.isEmpty ? 0 : EPOLLOUT.rawValue)
    return [(transport.socket, far), (self.near, near)]
  }

  func work(_ scratch: UnsafeMutableRawBufferPointer) -> LoopGuestFate {
    // One client does not hold up the others: the sockets tell again.
    for _ in 0..<16 {
      guard !isBroken, moveInward(scratch), let hasMoved = moveOutward(scratch) else { return .leaves }
      if outward.isEnded && outward.bytes.isEmpty { return .leaves }
      if !hasMoved { break }
      moved = .now
    }
    return .stays
  }

  /// Whether the client has gone in both directions.
  private var isBroken: Bool {
    var entry = pollfd(fd: transport.socket, events: 0, revents: 0)
    return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLERR | POLLHUP) != 0
  }

  /// From the client to the near side; false if the client's side is broken.
  private func moveInward(_ scratch: UnsafeMutableRawBufferPointer) -> Bool {
    if inward.isReading {
      switch transport.read(scratch) {
      case .bytes(let count): inward.bytes = [UInt8](scratch.prefix(count))[...]
      case .ended: inward.isEnded = true
      case .later: break
      case .failed: return false
      }
    }
    if !inward.bytes.isEmpty {
      switch inward.bytes.withUnsafeBytes({
        Transport.outcome(send(near, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)))
      }) {
      case .bytes(let count):
        inward.bytes = inward.bytes.dropFirst(count)
        moved = .now
      case .later: break
      // Who answers without reading on may still have bytes for the client.
      case .ended, .failed: inward = Pipe(isEnded: true)
      }
    }
    if inward.isEnded, inward.bytes.isEmpty, !hasTold {
      shutdown(near, Int32(SHUT_WR))
      hasTold = true
    }
    return true
  }

  /// From the near side to the client: whether bytes went; nil if the client's side is broken.
  private func moveOutward(_ scratch: UnsafeMutableRawBufferPointer) -> Bool? {
    if outward.isReading {
      switch Transport.outcome(recv(near, scratch.baseAddress, scratch.count, 0)) {
      case .bytes(let count): outward.bytes = [UInt8](scratch.prefix(count))[...]
      case .ended, .failed: outward.isEnded = true
      case .later: break
      }
    }
    guard !outward.bytes.isEmpty else { return false }
    switch outward.bytes.withUnsafeBytes({ transport.write($0) }) {
    case .bytes(let count):
      outward.bytes = outward.bytes.dropFirst(count)
      return true
    case .later: return false
    case .ended, .failed: return nil
    }
  }

  func check(_ now: ContinuousClock.Instant) -> LoopGuestFate {
    outward.bytes.isEmpty || now - moved < .seconds(60) ? .stays : .leaves
  }

  func leave() {}
}
