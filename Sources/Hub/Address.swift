import FoundationEssentials

/// An http or https address, with what decides who may see the token.
package struct Address: Hashable, Sendable, CustomStringConvertible {
  package let description: String
  private let scheme: String
  private let host: String
  private let port: Int

  package init?(_ text: String) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      let host = parts.host?.lowercased(), !host.isEmpty, parts.user == nil, parts.password == nil,
      scheme == "http" || scheme == "https", text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    description = text
    self.scheme = scheme
    self.host = host
    port = parts.port ?? (scheme == "https" ? 443 : 80)
  }

  private init(_ address: Address, _ description: String) {
    self.description = description
    (scheme, host, port) = (address.scheme, address.host, address.port)
  }

  var withoutFinalSlash: Address {
    var text = description
    while text.hasSuffix("/") { text.removeLast() }
    return Address(self, text)
  }

  /// The same host and port over the same scheme.
  func hasOrigin(of other: Address) -> Bool {
    (scheme, host, port) == (other.scheme, other.host, other.port)
  }

  /// Whether going on at `next` would give up encryption.
  func isDowngraded(by next: Address) -> Bool { scheme == "https" && next.scheme != "https" }

  var isEncrypted: Bool { scheme == "https" }

  /// Whether the host is this domain or one within it.
  func isWithin(domain: String) -> Bool {
    let domain = domain.lowercased().drop { $0 == "." }
    return host == domain || host.hasSuffix(".\(domain)")
  }

  /// `host` or `host:port`, for messages.
  var place: String { [80, 443].contains(port) ? host : "\(host):\(port)" }

  /// The address with path components behind it, each with its special characters as %XX.
  /// - Parameter query: stands behind a `?` as it is.
  func adding(_ components: [String], query: String? = nil) -> Address {
    let path = components.map { "/" + Self.escaped($0) }.joined()
    return Address(self, description + path + (query.map { "?" + $0 } ?? ""))
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
