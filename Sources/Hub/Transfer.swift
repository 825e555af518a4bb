import CCurl

/// What a server says before the body.
struct ResponseHead: Sendable {
  var status = 0
  /// Names in small letters.
  var headers: [String: String] = [:]
}

/// A transfer that did not come to an answer.
struct TransferFailure: Error, CustomStringConvertible, Equatable {
  /// libcurl's number.
  let code: UInt32
  let description: String
  /// What stood between; nil if nothing did.
  var proxy: Proxy?

  /// The number of a transfer that ended too early.
  static let partial = CURLE_PARTIAL_FILE.rawValue

  /// Whether there was no way to the server at all.
  var isUnreachable: Bool {
    [CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT].contains(CURLcode(code))
  }
  /// Whether the proxy is to blame: it was not reached, or did not let the request through.
  var isOfProxy: Bool {
    proxy != nil && (isUnreachable || code == CURLE_PROXY.rawValue || description.contains("CONNECT"))
  }
  /// Whether the server could not show who it is.
  var isUntrusted: Bool {
    [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR]
      .contains(CURLcode(code))
  }
  /// Whether the same request may succeed later.
  var isPassing: Bool {
    isUnreachable
      || [
        CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_OPERATION_TIMEDOUT,
        CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_SSL_CONNECT_ERROR,
      ].contains(CURLcode(code))
  }
}

/// Requests over connections that are kept open, one at a time, without following redirections. A thin layer over
/// libcurl: the body is handed on piece by piece, so memory does not grow with it. (Foundation's URLSession was
/// measured first: it does not wait for whoever takes the data, and held up to 1.8 GB of a file of 2 GB.)
final class Transfers {
  /// Takes a part of the body; what it throws ends the request.
  typealias Sink = (UnsafeRawBufferPointer) throws -> Void

  /// Whether libcurl could be started, once for the process.
  static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
  private static let connectSeconds = 20
  private static let stalledSeconds = 30
  private static let bufferBytes = 256 << 10
  private static let pollMilliseconds: Int32 = 100

  private let multi: OpaquePointer
  private let userAgent: String
  private let certificates: String?

  init(userAgent: String, certificates: String?) throws {
    guard Self.isReady, let multi = curl_multi_init() else {
      throw HubError(.download, "libcurl cannot be started")
    }
    self.multi = OpaquePointer(multi)
    self.userAgent = userAgent
    self.certificates = certificates
  }

  deinit { curl_multi_cleanup(UnsafeMutableRawPointer(multi)) }

  /// Makes one GET request.
  /// - Parameters:
  ///   - headers: lines as `Name: value`.
  ///   - accept: chooses from the head where the body goes; nil ends the request there.
  /// - Returns: the head, and where a redirection leads.
  /// - Throws: `TransferFailure`; `CancellationError`; what `accept` and the sink throw.
  func get(
    _ address: Address, headers: [String], accept: @escaping (ResponseHead) throws -> Sink?
  ) throws -> (head: ResponseHead, redirection: String?) {
    guard let handle = curl_easy_init() else { throw HubError(.download, "libcurl cannot be started") }
    defer { curl_easy_cleanup(handle) }
    let exchange = Exchange(accept)
    let context = Unmanaged.passUnretained(exchange).toOpaque()
    var list: UnsafeMutablePointer<curl_slist>?
    for header in headers { list = curl_slist_append(list, header) }
    defer { curl_slist_free_all(list) }
    curl_set_headers(handle, list)
    configure(handle, address)
    curl_set_receivers(handle, Exchange.header, Exchange.body, context)
    let problem = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    problem.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    defer {
      curl_set_problem(handle, nil)
      problem.deallocate()
    }
    curl_set_problem(handle, problem)
    let result = try withExtendedLifetime(exchange) { try run(handle) }
    if let error = exchange.error { throw error }
    guard result == CURLE_OK || exchange.isStopped else {
      let reason =
        problem.pointee == 0 ? String(cString: curl_easy_strerror(result)) : String(cString: problem)
      throw TransferFailure(
        code: result.rawValue, description: "\(address.place): \(reason)", proxy: Proxy(for: address))
    }
    return (exchange.head, curl_redirection(handle).map { String(cString: $0) })
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ address: Address) {
    curl_set_text(handle, CURLOPT_URL, address.description)
    curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    curl_set_text(handle, CURLOPT_USERAGENT, userAgent)
    if let certificates { curl_set_text(handle, CURLOPT_CAINFO, certificates) }
    for (option, value) in [
      // A cancelled request does not wait for the name server.
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_QUICK_EXIT, 1), (CURLOPT_FOLLOWLOCATION, 0),
      (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      (CURLOPT_CONNECTTIMEOUT, Self.connectSeconds), (CURLOPT_LOW_SPEED_LIMIT, 1),
      (CURLOPT_LOW_SPEED_TIME, Self.stalledSeconds), (CURLOPT_BUFFERSIZE, Self.bufferBytes),
    ] { curl_set_number(handle, option, value) }
  }

  /// Runs to the end, or until the task is cancelled.
  private func run(_ handle: UnsafeMutableRawPointer) throws -> CURLcode {
    let multi = UnsafeMutableRawPointer(multi)
    guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
      throw HubError(.download, "libcurl cannot start a request")
    }
    defer { curl_multi_remove_handle(multi, handle) }
    var running: Int32 = 1
    while true {
      try Task.checkCancellation()
      guard curl_multi_perform(multi, &running) == CURLM_OK else {
        throw HubError(.download, "libcurl cannot go on with a request")
      }
      if running == 0 { break }
      curl_multi_poll(multi, nil, 0, Self.pollMilliseconds, nil)
    }
    var result = CURLE_OK
    return curl_ended(multi, &result) != 0 ? result : CURLE_GOT_NOTHING
  }
}

/// One answer on its way, as libcurl's functions see it.
private final class Exchange {
  var head = ResponseHead()
  var error: (any Error)?
  /// Whether the body was not wanted, and too long to wait for its end.
  var isStopped = false
  private var unwanted = 0
  private static let mostUnwanted = 64 << 10
  private var sink: Transfers.Sink?
  private var isHeadDone = false
  private let accept: (ResponseHead) throws -> Transfers.Sink?
  private static let mostHeaders = 200

  init(_ accept: @escaping (ResponseHead) throws -> Transfers.Sink?) { self.accept = accept }

  typealias Receiver =
    @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int

  static let header: Receiver = { bytes, size, count, context in
    Exchange.from(context).received(bytes, size * count) { exchange, buffer in
      try exchange.take(line: String(decoding: buffer, as: UTF8.self))
    }
  }

  static let body: Receiver = { bytes, size, count, context in
    Exchange.from(context).received(bytes, size * count) { exchange, buffer in
      // A cancelled download ends here too, since a fast server keeps libcurl from ever returning.
      try Task.checkCancellation()
      guard let sink = exchange.sink else {
        // A short page of a redirection or error is read to its end, so that the connection can serve again.
        exchange.unwanted += buffer.count
        exchange.isStopped = exchange.unwanted > Exchange.mostUnwanted
        return
      }
      try sink(buffer)
    }
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> Exchange {
    guard let context else { preconditionFailure("libcurl has lost the context") }
    return Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  }

  /// Returns what libcurl expects: the count, or anything else to end the transfer.
  private func received(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int,
    _ take: (Exchange, UnsafeRawBufferPointer) throws -> Void
  ) -> Int {
    do {
      try take(self, UnsafeRawBufferPointer(start: bytes, count: count))
      return isStopped ? -1 : count
    } catch {
      self.error = self.error ?? error
      return -1
    }
  }

  private func take(line: String) throws {
    let text = line.trimmingSuffix(while: { $0.isNewline || $0 == " " })
    // Trailers may follow the body.
    guard !isHeadDone else { return }
    if text.hasPrefix("HTTP/") {
      head = ResponseHead(status: text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
    } else if text.isEmpty {
      guard head.status >= 200 else { return }
      isHeadDone = true
      sink = try accept(head)
    } else if let colon = text.firstIndex(of: ":"), head.headers.count < Self.mostHeaders {
      let name = text[..<colon].lowercased()
      let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      head.headers[name] = String(value)
    }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> SubSequence {
    var rest = self[...]
    while let last = rest.last, isUnwanted(last) { rest.removeLast() }
    return rest
  }
}
