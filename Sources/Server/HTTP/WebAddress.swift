import Hub

/// The address of something on another server, as a request gives it.
struct WebAddress: Sendable {
  /// In small letters.
  let scheme: String
  let host: HostName

  /// Nil for what is none, or what programs read in several ways.
  init?(_ text: String) {
    guard let end = text.firstRange(of: "://"), text.utf8.count <= 2048,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
    else { return nil }
    scheme = text[..<end.lowerBound].lowercased()
    let authority = text[end.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // A name and a password before the host are no part of it.
    guard ["http", "https"].contains(scheme), !authority.contains("@"), let host = HostName(authority) else {
      return nil
    }
    self.host = host
  }
}

extension WebRequest {
  /// libcurl waits, so that it has a thread of its own.
  /// - Throws: `Failure`.
  func answered() async throws -> (status: Int, bytes: [UInt8]) {
    try await withCheckedThrowingContinuation { continuation in
      Thread(name: "web") { continuation.resume(with: Result { try answer() }) }.start()
    }
  }
}
