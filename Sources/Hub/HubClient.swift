import FoundationEssentials
import Glibc

/// Talks to the Hub and to the hosts that it redirects to. Not for several threads at once.
final class HubClient {
  private static let mostRedirections = 10
  /// A `Retry-After` above this many seconds is told instead of waited for.
  private static let longestWait = 120.0

  let settings: HubSettings
  private let transfers: Transfers
  private let notice: (String) -> Void

  init(_ settings: HubSettings, notice: @escaping (String) -> Void) throws {
    self.settings = settings
    self.notice = notice
    transfers = try Transfers(userAgent: settings.userAgent, certificates: settings.certificates)
  }

  /// Gets what lies at an address, redirections followed. The token goes to the endpoint alone.
  /// - Parameter accept: is asked about 2xx answers and 416; all others are errors.
  /// - Throws: `TransferFailure`; `ResponseFailure`; `CancellationError`; what `accept` and the sink throw.
  func get(
    _ address: Address, headers: [String] = [], accept: @escaping (ResponseHead) throws -> Transfers.Sink?
  ) throws -> ResponseHead {
    var address = address
    for _ in 0...Self.mostRedirections {
      var lines = headers
      if let token = settings.token, address.hasOrigin(of: settings.endpoint) {
        lines.append("Authorization: Bearer \(token)")
      }
      let (head, redirection) = try transfers.get(address, headers: lines) { head in
        (200..<300).contains(head.status) || head.status == 416 ? try accept(head) : nil
      }
      if (200..<300).contains(head.status) || head.status == 416 { return head }
      guard (300..<400).contains(head.status) else { throw ResponseFailure(head, address) }
      guard let redirection, let next = Address(redirection), !address.isDowngraded(by: next) else {
        throw HubError(
          .download, "\(address.place) redirects to no http or https address that can be followed")
      }
      address = next
    }
    throw HubError(.download, "\(address.place) redirects more than \(Self.mostRedirections) times")
  }

  /// A whole answer in memory, tried again when it breaks off.
  /// - Throws: as `get`; `HubError` if it is longer than the limit.
  func data(_ address: Address, limit: Int) throws -> (data: Data, head: ResponseHead) {
    var attempts = Attempts(self)
    while true {
      var data = Data()
      do {
        let head = try get(address) { _ in
          { bytes in
            guard data.count + bytes.count <= limit else {
              throw HubError(.download, "\(address.place) answers with more than \(limit) bytes")
            }
            data.append(contentsOf: bytes)
          }
        }
        return (data, head)
      } catch {
        try attempts.wait(after: error)
      }
    }
  }

  /// Tries that failed since something last arrived.
  struct Attempts {
    private let client: HubClient
    private var failures = 0
    private var hasArrived = false

    init(_ client: HubClient) { self.client = client }

    /// Starts the count again.
    mutating func arrived() {
      failures = 0
      hasArrived = true
    }

    /// Waits until the next try.
    /// - Throws: the error itself if another try is of no use, or after too many.
    mutating func wait(after error: any Error) throws {
      let delays = client.settings.retryDelays
      guard failures < delays.count else { throw error }
      var seconds = delays[failures]
      failures += 1
      switch error {
      case let failure as TransferFailure where failure.isPassing:
        // Without a network it is better to say so at once, but not in the middle of a long download.
        guard !failure.isUnreachable || hasArrived else { throw error }
      case let failure as ResponseFailure where failure.isPassing:
        if let asked = failure.retryAfter {
          guard asked <= HubClient.longestWait else { throw error }
          seconds = max(seconds, asked)
        }
      default: throw error
      }
      client.notice("\(error); trying again in \(shortest(seconds)) s")
      try HubClient.sleep(seconds)
    }
  }

  /// Sleeps in short pieces, so that it can be cancelled.
  /// - Throws: `CancellationError`.
  static func sleep(_ seconds: Double) throws {
    let end = Date().addingTimeInterval(seconds)
    while true {
      try Task.checkCancellation()
      let left = end.timeIntervalSinceNow
      if left <= 0 { return }
      usleep(UInt32(min(left, 0.05) * 1e6))
    }
  }
}

/// A number without ".0" if it is whole.
private func shortest(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }

/// An answer with a status that is none of success.
struct ResponseFailure: Error, CustomStringConvertible {
  let status: Int
  let place: String
  /// The Hub's own word for it, such as `GatedRepo`.
  let code: String?
  let message: String?
  /// Seconds.
  let retryAfter: Double?

  init(_ head: ResponseHead, _ address: Address) {
    status = head.status
    place = address.place
    code = head.headers["x-error-code"]
    message = head.headers["x-error-message"].map(shortened)
    retryAfter = head.headers["retry-after"].flatMap { Double($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  var isPassing: Bool { status == 429 || status == 408 || (500..<600).contains(status) }

  var description: String {
    switch status {
    case 429:
      "\(place): too many requests (429)"
        + (retryAfter.map { "; it asks to wait \(shortest($0)) s" } ?? "")
    default: "\(place) answers \(status)" + (message.map { ": \($0)" } ?? "")
    }
  }
}
