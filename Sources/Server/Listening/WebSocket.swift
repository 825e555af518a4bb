import Dispatch
import Glibc
import Synchronization

/// A connection that has become a WebSocket. One queue serves all of them and never waits; a client that does not take
/// what it is sent is dropped.
///
/// All but constants is touched on the queue alone.
package final class WebSocket: @unchecked Sendable {
  package enum Message: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
  }

  package struct Limits: Sendable {
    /// Bytes of a message that the client sends.
    package var message = 1 << 20
    /// Messages that nobody has read yet.
    package var unread = 64
    /// Bytes that wait for a slow client.
    package var unsent = 16 << 20
    /// How long they wait while none goes.
    package var patience = Duration.seconds(30)
    /// How long a client may take to answer that the socket is closed.
    package var farewell = Duration.seconds(5)
    /// How often a silent client is asked whether it is there.
    package var ping = Duration.seconds(30)

    package init() {}
  }

  /// What the client sends. It ends with the connection.
  package let messages: AsyncStream<Message>

  private static let queue = DispatchQueue(label: "darkroom.websockets", qos: .userInitiated)
  private static let mostRead = 64 << 10

  private let socket: Int32
  private let limits: Limits
  private let unread: AsyncStream<Message>.Continuation
  private let ended: @Sendable () -> Void
  private let reading: any DispatchSourceRead
  private let writing: any DispatchSourceWrite
  private let clock: any DispatchSourceTimer
  private var reader: WebSocketReader
  private var unsent: [UInt8] = []
  private var isWriting = false
  /// When bytes went to the client.
  private var moved = ContinuousClock.now
  private var pinged = ContinuousClock.now
  /// When a close frame was sent; what comes after it is not read.
  private var closed: ContinuousClock.Instant?
  private var hasEnded = false
  /// Sources that use the socket.
  private var users = 3

  /// - Parameters:
  ///   - bytes: what was read from the socket already.
  ///   - ended: closes the socket.
  init(_ socket: Int32, after bytes: [UInt8], _ limits: Limits, ended: @escaping @Sendable () -> Void) {
    (self.socket, self.limits, self.ended) = (socket, limits, ended)
    (messages, unread) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(limits.unread))
    reader = WebSocketReader(most: limits.message)
    reader.append(bytes)
    reading = DispatchSource.makeReadSource(fileDescriptor: socket, queue: Self.queue)
    writing = DispatchSource.makeWriteSource(fileDescriptor: socket, queue: Self.queue)
    clock = DispatchSource.makeTimerSource(queue: Self.queue)
  }

  /// Begins to read.
  func start() {
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    // A client that has vanished from the network is noticed by what it does not confirm, a ping at least.
    var patience: Int32 = 60_000
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, socklen_t(MemoryLayout<Int32>.size))
    reading.setEventHandler { [self] in receive() }
    writing.setEventHandler { [self] in transmit() }
    clock.setEventHandler { [self] in look(at: .now) }
    for source in [reading, writing, clock] as [any DispatchSourceProtocol] {
      source.setCancelHandler { [self] in
        users -= 1
        if users == 0 { ended() }
      }
    }
    clock.schedule(deadline: .now(), repeating: .seconds(1))
    Self.queue.async { [self] in
      reading.activate()
      clock.activate()
      readMessages()
    }
  }

  package func send(_ message: Message) {
    let frame =
      switch message {
      case .text(let text): WebSocketFrame.text(text)
      case .binary(let bytes): WebSocketFrame.binary(bytes)
      }
    Self.queue.async { [self] in if closed == nil { put(frame) } }
  }

  /// Says farewell; the client answers, or is dropped after a while.
  package func close(_ reason: WebSocketClose = .normal) {
    Self.queue.async { [self] in sayFarewell(reason) }
  }

  /// Ends the connection at once.
  func drop() { Self.queue.async { [self] in end() } }

  // MARK: On the queue

  private func receive() {
    var part = [UInt8](repeating: 0, count: Self.mostRead)
    switch Transport.outcome(recv(socket, &part, part.count, 0)) {
    case .bytes(let count):
      reader.append(part.prefix(count))
      readMessages()
    case .later: break
    case .ended, .failed: end()
    }
  }

  private func readMessages() {
    do {
      while !hasEnded, let event = try reader.next() { take(event) }
    } catch {
      sayFarewell(error)
      // What follows is no frame.
      reader = WebSocketReader(most: limits.message)
    }
  }

  private func take(_ event: WebSocketReader.Event) {
    switch event {
    case .text(let text): hand(.text(text))
    case .binary(let bytes): hand(.binary(bytes))
    case .ping(let bytes): if closed == nil { put(WebSocketFrame.pong(bytes)) }
    case .pong: break
    case .close(let reason):
      sayFarewell(reason ?? .normal)
      // Both have said farewell; what is still on its way is little.
      transmit()
      end()
    }
  }

  private func hand(_ message: Message) {
    guard closed == nil, case .dropped = unread.yield(message) else { return }
    sayFarewell(WebSocketClose(1008, "more than \(limits.unread) messages at once"))
  }

  private func sayFarewell(_ reason: WebSocketClose) {
    guard closed == nil, !hasEnded else { return }
    put(WebSocketFrame.close(reason))
    closed = .now
    unread.finish()
  }

  private func put(_ frame: [UInt8]) {
    guard !hasEnded else { return }
    guard unsent.count + frame.count <= limits.unsent else { return end() }
    if unsent.isEmpty { moved = .now }
    unsent += frame
    if !isWriting { transmit() }
  }

  private func transmit() {
    guard !hasEnded, !unsent.isEmpty else { return waitToWrite(false) }
    switch unsent.withUnsafeBytes({
      Transport.outcome(Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)))
    }) {
    case .bytes(let count):
      unsent.removeFirst(count)
      moved = .now
    case .later: break
    case .ended, .failed: return end()
    }
    waitToWrite(!unsent.isEmpty)
  }

  private func waitToWrite(_ waits: Bool) {
    guard waits != isWriting else { return }
    isWriting = waits
    if waits { writing.resume() } else { writing.suspend() }
  }

  private func look(at now: ContinuousClock.Instant) {
    let isStuck = !unsent.isEmpty && now - moved > limits.patience
    let isForsaken = closed.map { now - $0 > limits.farewell } ?? false
    guard !isStuck, !isForsaken else { return end() }
    if closed == nil, now - pinged > limits.ping {
      pinged = now
      put(WebSocketFrame.ping())
    }
  }

  private func end() {
    guard !hasEnded else { return }
    hasEnded = true
    unread.finish()
    // A source that sleeps does not hear that it is cancelled.
    if !isWriting { writing.resume() }
    reading.cancel()
    writing.cancel()
    clock.cancel()
  }
}
