/// The address of something on another server, as a request gives it.
struct WebAddress: Sendable {
  let text: String
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
    (self.text, self.host) = (text, host)
  }
}
