import Glibc

/// The proxy that libcurl takes for an address, by the variables that it reads. For messages alone.
struct Proxy: Equatable, Sendable {
  let variable: String
  /// Without a user's name and password.
  let address: String

  /// Nil if the request goes to its host by itself.
  /// - Parameter value: of a variable of the environment.
  init?(for address: Address, value: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
    // In capitals, a web server could be made to set http_proxy by a header.
    let own = address.isEncrypted ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
    let exceptions = (value("no_proxy") ?? value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }
    guard !exceptions.contains(where: { $0 == "*" || address.isWithin(domain: String($0)) }) else {
      return nil
    }
    for variable in own + ["all_proxy", "ALL_PROXY"] {
      guard let text = value(variable), !text.isEmpty else { continue }
      let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
      let rest = text.dropFirst(scheme.count)
      let host = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
      (self.variable, self.address) = (variable, shortened("\(scheme)\(host)"))
      return
    }
    return nil
  }
}
