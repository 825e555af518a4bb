import CEpoll
import Glibc

/// What all connections of a loop have in common.
final class HTTP2Surroundings: Sendable {
  let service: any GRPCService
  let limits: HTTP2Limits
  let mailbox: HTTP2Mailbox

  init(service: any GRPCService, limits: HTTP2Limits, mailbox: HTTP2Mailbox) {
    (self.service, self.limits, self.mailbox) = (service, limits, mailbox)
  }
}

/// What the loop watches sockets for. It never waits, and is used by the loop's thread alone.
protocol LoopGuest: AnyObject {
  /// Its sockets, each with the events that it waits for (`EPOLLIN`, `EPOLLOUT`).
  var waits: [(socket: Int32, events: UInt32)] { get }
  /// Does what can be done now.
  func work(_ scratch: UnsafeMutableRawBufferPointer) -> LoopGuestFate
  /// Looks at the clock.
  func check(_ now: ContinuousClock.Instant) -> LoopGuestFate
  /// The loop lets go of it.
  func leave()
}

enum LoopGuestFate {
  case stays
  case leaves
  case becomes(any LoopGuest)
}

/// The thread of a loop, with what only it may touch.
final class HTTP2LoopThread {
  private static let tickMilliseconds: Int32 = 1000

  private let surroundings: HTTP2Surroundings
  private let onPlain: HTTP2Loop.OnPlain
  private let epoll: Int32
  /// Where bytes stand on their way.
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  private var guests: [UInt64: any LoopGuest] = [:]
  private var owners: [Int32: UInt64] = [:]
  private var watched: [Int32: UInt32] = [:]
  private var lastID: UInt64 = 0
  private var isDraining = false
  private var lastCheck = ContinuousClock.now
  private let received = HTTP2ReceivedBytes()

  /// - Parameter epoll: an epoll descriptor, which it owns from now on.
  init(_ surroundings: HTTP2Surroundings, epoll: Int32, onPlain: @escaping HTTP2Loop.OnPlain) {
    (self.surroundings, self.epoll, self.onPlain) = (surroundings, epoll, onPlain)
    watch(surroundings.mailbox.event, EPOLLIN.rawValue)
  }

  deinit {
    close(epoll)
    scratch.deallocate()
  }

  /// Ends with the letter `stop`.
  func run() {
    // OpenSSL writes without MSG_NOSIGNAL.
    var pipe = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, nil)
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while true {
      let count = epoll_wait(epoll, &events, Int32(events.count), guests.isEmpty ? -1 : Self.tickMilliseconds)
      for event in events.prefix(Int(max(0, count))) {
        // A socket may have been closed since; who has its number now finds nothing to do.
        if let id = owners[event.data.fd] { serve(id) }
      }
      for letter in surroundings.mailbox.take() {
        guard read(letter) else { return stop() }
      }
      check()
    }
  }

  private func serve(_ id: UInt64) {
    guard let guest = guests[id] else { return }
    settle(id, guest, guest.work(scratch))
  }

  /// Reads a letter; false if it was the last one.
  private func read(_ letter: HTTP2Mailbox.Letter) -> Bool {
    switch letter {
    case .adopt(let caller, let tls): adopt(caller, tls)
    case .message(let bytes, let id, let stream):
      (guests[id] as? HTTP2Connection)?.send(bytes, on: stream)
      serve(id)
    case .end(let failure, let id, let stream):
      (guests[id] as? HTTP2Connection)?.end(failure, on: stream)
      serve(id)
    case .drain:
      isDraining = true
      for (id, guest) in guests {
        (guest as? HTTP2Connection)?.drain()
        serve(id)
      }
    case .stop:
      for (id, guest) in guests {
        (guest as? HTTP2Connection)?.stop()
        serve(id)
      }
      return false
    }
    return true
  }

  private func adopt(_ caller: Doorway.Caller, _ tls: TLSContext?) {
    guard guests.count < surroundings.limits.connections else {
      close(caller.socket)
      return
    }
    guard let transport = Transport(socket: caller.socket, tls: tls) else { return }
    lastID += 1
    let id = lastID
    let makeConnection = { [surroundings, received] in
      HTTP2Connection(id: id, transport, client: caller.address.host, surroundings, received)
    }
    let limit = surroundings.limits.greeting
    let guest: (any LoopGuest)? =
      if tls == nil { makeConnection() } else {
        TLSGreeting(transport, caller.address, within: limit, onPlain: onPlain, onHTTP2: makeConnection)
      }
    if let guest { settle(id, guest, .becomes(guest)) }
  }

  private func settle(_ id: UInt64, _ guest: any LoopGuest, _ fate: LoopGuestFate) {
    switch fate {
    case .stays: watch(guest, id)
    case .becomes(let next):
      guests[id] = next
      if isDraining { (next as? HTTP2Connection)?.drain() }
      serve(id)
    case .leaves:
      for (socket, _) in guest.waits {
        watch(socket, 0)
        owners[socket] = nil
      }
      guest.leave()
      guests[id] = nil
    }
    surroundings.mailbox.connectionCount = guests.count
  }

  private func watch(_ guest: any LoopGuest, _ id: UInt64) {
    for (socket, events) in guest.waits {
      owners[socket] = id
      watch(socket, events)
    }
  }

  /// Waits for other events on a socket than before, or for none.
  private func watch(_ socket: Int32, _ events: UInt32) {
    let before = watched[socket] ?? 0
    guard before != events else { return }
    var event = epoll_event()
    event.events = events
    event.data.fd = socket
    let action = before == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
    epoll_ctl(epoll, action, socket, &event)
    watched[socket] = events == 0 ? nil : events
  }

  private func check() {
    let now = ContinuousClock.now
    guard now - lastCheck >= .milliseconds(Int(Self.tickMilliseconds)) else { return }
    lastCheck = now
    for (id, guest) in guests { settle(id, guest, guest.check(now)) }
  }

  private func stop() {
    surroundings.mailbox.shut()
    for (id, guest) in guests { settle(id, guest, .leaves) }
  }
}
