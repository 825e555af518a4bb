import CCurl
import Glibc

/// A request to another server. Redirections are not followed, and no proxy is asked.
struct WebRequest: Sendable {
  let address: WebAddress
  /// JSON to post; nil for GET.
  var body: [UInt8]?
  var seconds = 15
  /// Bytes that the answer may have.
  var most = 10 << 20
  /// Whether addresses of this machine and its networks may be reached.
  var reachesPrivate = false

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// - Throws: `Failure`.
  func answer() async throws -> (status: Int, bytes: [UInt8]) {
    try await withCheckedThrowingContinuation { continuation in
      // libcurl waits, so that it has a thread of its own.
      Thread(name: "web") { continuation.resume(with: Result { try transfer() }) }.start()
    }
  }

  private static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  private func transfer() throws -> (status: Int, bytes: [UInt8]) {
    guard Self.isReady, let handle = curl_easy_init() else {
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
      (CURLOPT_URL, address.text), (CURLOPT_PROTOCOLS_STR, address.scheme), (CURLOPT_USERAGENT, "darkroom"),
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
      guard let own = from(context), let address, let plain = curl_address(address) else { return -1 }
      let found = SocketAddress(copying: plain)
      guard own.request.reachesPrivate || found.isPublic else {
        own.refusal = "\(own.request.address.host.name) is at \(found.host), which is no public address"
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

extension SocketAddress {
  /// Whether it can be reached from everywhere (IANA's registries of special-purpose addresses).
  package var isPublic: Bool {
    withPointer { address, _ in
      if Int32(address.pointee.sa_family) == AF_INET {
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          Self.isPublic(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
      }
      return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        withUnsafeBytes(of: $0.pointee.sin6_addr) { Self.isPublic(Array($0)) }
      }
    }
  }

  private static func isPublic(_ address: UInt32) -> Bool {
    let special: [(UInt32, Int)] = [
      (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0x7F00_0000, 8), (0xA9FE_0000, 16),
      (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24), (0xC0A8_0000, 16),
      (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24), (0xE000_0000, 3),
    ]
    return !special.contains { start, bits in (address ^ start) >> (32 - UInt32(bits)) == 0 }
  }

  /// Global addresses begin with 001; those of tunnels, which hold an IPv4 address, and of examples do too.
  private static func isPublic(_ bytes: [UInt8]) -> Bool {
    guard bytes[0] >> 5 == 1 else { return false }
    let start = UInt32(bytes[0]) << 24 | UInt32(bytes[1]) << 16 | UInt32(bytes[2]) << 8 | UInt32(bytes[3])
    let special: [(UInt32, Int)] = [
      (0x2001_0000, 23), (0x2001_0DB8, 32), (0x2002_0000, 16), (0x3FFF_0000, 20),
    ]
    return !special.contains { other, bits in (start ^ other) >> (32 - UInt32(bits)) == 0 }
  }
}
