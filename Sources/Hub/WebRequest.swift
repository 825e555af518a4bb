import CCurl
import Glibc

/// A request to another server. Redirections are not followed, and no proxy is asked.
package struct WebRequest: Sendable {
  /// Of http or https.
  private let address: String
  /// JSON to post; nil for GET.
  private let body: [UInt8]?
  private let seconds: Int
  /// Bytes that the answer may have.
  private let most: Int
  /// Whether an address of the internet, in numbers, may be reached.
  private let reaches: @Sendable (_ host: String) -> Bool

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameters:
  ///   - address: of http or https.
  ///   - body: JSON to post; nil for GET.
  ///   - seconds: that all of it may take.
  ///   - most: bytes that the answer may have.
  ///   - reaches: whether an address of the internet, in numbers, may be reached.
  package init(
    _ address: String, body: [UInt8]? = nil, seconds: Int = 15, most: Int = 10 << 20,
    reaches: @escaping @Sendable (_ host: String) -> Bool
  ) {
    (self.address, self.body, self.seconds) = (address, body, seconds)
    (self.most, self.reaches) = (most, reaches)
  }

  /// Waits on the calling thread.
  /// - Throws: `Failure`.
  package func answer() throws -> (status: Int, bytes: [UInt8]) {
    guard Transfers.isReady, let handle = curl_easy_init() else {
      throw Failure(description: "libcurl cannot be started")
    }
    defer { curl_easy_cleanup(handle) }
    let receiver = Receiver(self)
    let context = Unmanaged.passUnretained(receiver).toOpaque()
    var headers: UnsafeMutablePointer<curl_slist>?
    if let body {
      headers = curl_slist_append(nil, "content-type: application/json")
      curl_set_headers(handle, headers)
      curl_set_body(handle, body, body.count)
    }
    defer { curl_slist_free_all(headers) }
    for (option, text) in [
      (CURLOPT_URL, address), (CURLOPT_PROTOCOLS_STR, "http,https"), (CURLOPT_USERAGENT, "darkroom"),
      (CURLOPT_PROXY, ""),
    ] { curl_set_text(handle, option, text) }
    for (option, value) in [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_TIMEOUT, seconds),
      (CURLOPT_CONNECTTIMEOUT, seconds),
    ] { curl_set_number(handle, option, value) }
    curl_set_receivers(handle, { _, size, count, _ in size * count }, Receiver.body, context)
    curl_set_opener(handle, Receiver.open, context)
    let result = withExtendedLifetime(receiver) { curl_easy_perform(handle) }
    if let refusal = receiver.refusal { throw Failure(description: refusal) }
    guard result == CURLE_OK else {
      throw Failure(description: String(cString: curl_easy_strerror(result)))
    }
    return (curl_status(handle), receiver.bytes)
  }

  /// What libcurl's functions see.
  private final class Receiver {
    let request: WebRequest
    var bytes: [UInt8] = []
    var refusal: String?

    init(_ request: WebRequest) { self.request = request }

    static let body: curl_bytes = { bytes, size, count, context in
      guard let bytes, let own = from(context) else { return 0 }
      let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
      guard own.bytes.count + piece.count <= own.request.most else {
        own.refusal = "has more than \(own.request.most >> 20) MiB"
        return 0
      }
      own.bytes.append(contentsOf: piece)
      return piece.count
    }

    /// The address is the one that is connected to, whatever a name server says later.
    static let open: curl_opensocket_callback = { context, _, address in
      guard let own = from(context), let address else { return -1 }
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      curl_address_text(address, &text, text.count)
      let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard own.request.reaches(host) else {
        own.refusal = "it is at \(host), which is no public address"
        return -1
      }
      own.refusal = nil
      return socket(
        address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
        address.pointee.protocol)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Receiver? {
      context.map { Unmanaged<Receiver>.fromOpaque($0).takeUnretainedValue() }
    }
  }
}
