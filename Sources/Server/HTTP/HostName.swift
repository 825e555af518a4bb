import Glibc

/// The host of a `host` or `origin` header.
struct HostName: Equatable {
  /// In small letters; an IPv6 address without its brackets.
  let name: String
  let port: Int?

  /// Nil if it is none.
  /// - Parameter text: such as "localhost:8000" or "[::1]".
  init?(_ text: some StringProtocol) {
    let text = text.lowercased()
    var end = text.endIndex
    if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")), !text[colon...].contains("]"),
      text.first == "[" || text.firstIndex(of: ":") == colon
    {
      let digits = text[text.utf8.index(after: colon)...]
      guard digits.first != "+", let port = UInt16(digits) else { return nil }
      (self.port, end) = (Int(port), colon)
    } else {
      port = nil
    }
    let host = text[..<end]
    if host.first == "[" {
      guard host.last == "]", Self.address(String(host.dropFirst().dropLast()), AF_INET6) != nil else {
        return nil
      }
      name = String(host.dropFirst().dropLast())
    } else {
      guard !host.isEmpty, host.utf8.allSatisfy(Self.isNameByte) else { return nil }
      // A dot at the end says that a name is whole.
      name = String(host.last == "." ? host.dropLast() : host)
    }
  }

  var withoutPort: HostName { HostName(name: name, port: nil) }

  private init(name: String, port: Int?) { (self.name, self.port) = (name, port) }

  /// Whether it can only mean this machine (RFC 6761 for the names).
  var isLoopback: Bool {
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    if let bytes = Self.address(name, AF_INET) { return bytes[0] == 127 }
    guard let bytes = Self.address(name, AF_INET6) else { return false }
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127]
    return bytes == [UInt8](repeating: 0, count: 15) + [1] || bytes.starts(with: mapped)
  }

  /// The bytes of an address that is written in full.
  static func address(_ text: String, _ family: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }

  /// Underscores occur in names of containers.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// Where a web page comes from, as browsers say it in `origin` (RFC 6454).
struct Origin: Equatable {
  let scheme: String
  let host: HostName

  /// Nil for "null", which pages of files and sandboxes have.
  init?(_ text: some StringProtocol) {
    let text = text.lowercased()
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://"),
      let host = HostName(text[colon...].dropFirst(3)), text.first?.isLetter == true
    else { return nil }
    scheme = String(text[..<colon])
    let usual = ["http": 80, "https": 443][scheme]
    self.host = host.port == usual ? host.withoutPort : host
  }
}
