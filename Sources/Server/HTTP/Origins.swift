import Darkroom

/// From which web pages requests are taken.
///
/// A page of any site can make a browser send requests to this machine. A name that its owner lets point here later on
/// (DNS rebinding) makes the answers readable as well. Browsers tell both: by `origin`, and by `host`.
package struct Origins: Sendable {
  /// Beside loopback; nil if all hosts are taken, as by a server on a public address, whose key a page does not know.
  private let hosts: Set<String>?
  /// Beside loopback and pages of the server itself; nil if all are taken.
  private let pages: [Origin]?

  /// - Parameters:
  ///   - hosts: names by which this machine may be called, without ports; nil for all.
  ///   - pages: such as "https://example.org", or "*" for all.
  /// - Throws: `DarkroomError` of kind `request` that names the flag.
  package init(hosts: [String]? = [], pages: [String] = []) throws {
    self.hosts = try hosts.map { names in
      Set(
        try names.map { name in
          guard let host = HostName(name), host.port == nil else {
            throw DarkroomError(
              .request, field: "--allow-host", found: name, expected: "a name without scheme and port")
          }
          return host.name
        })
    }
    self.pages =
      pages.contains("*")
      ? nil
      : try pages.map { page in
        guard let origin = Origin(page.hasSuffix("/") ? page.dropLast() : page[...]) else {
          throw DarkroomError(
            .request, field: "--cors-origin", found: page,
            expected: "* or an origin such as https://example.org")
        }
        return origin
      }
  }

  /// Nil if the request may come from where it says.
  package func refusal(of headers: HTTPHeaders) -> HTTPRefusal? {
    guard let host = headers["host"], let name = HostName(host) else {
      return HTTPRefusal(400, "host: expected a name or an address")
    }
    if let hosts, !name.isLoopback, !hosts.contains(name.name) {
      return HTTPRefusal(
        403, "host: \(name.name) is no name of this server; --allow-host \(name.name) makes it one")
    }
    if let origin = headers["origin"], !isAllowed(origin, on: host) {
      return HTTPRefusal(403, "origin: pages of \(origin) may not use this server; --cors-origin allows it")
    }
    return nil
  }

  private func isAllowed(_ text: String, on host: String) -> Bool {
    guard let pages else { return true }
    guard let origin = Origin(text) else { return false }
    let isOwn = origin == Origin("\(origin.scheme)://\(host)")
    let isWeb = ["http", "https"].contains(origin.scheme)
    return isWeb && (isOwn || origin.host.isLoopback) || pages.contains(origin)
  }
}

/// Answers that pages may read (Fetch Standard, 3.2), for requests that `refusal` lets pass.
extension Origins {
  private static let methods = "GET, POST, OPTIONS"
  private static let sent = [
    "authorization", "content-type", "accept", "cache-control", "x-grpc-web", "x-user-agent", "grpc-timeout",
    "stability-client-id", "stability-client-user-id", "stability-client-version", "organization",
  ]
  private static let exposed = [
    "seed", "finish-reason", "x-request-id", "grpc-status", "grpc-message", "x-darkroom-engine",
    "x-darkroom-ignored", "retry-after",
  ]

  /// The answer to a browser that asks whether a page may send a request; nil if it asks nothing like that.
  package func preflight(_ request: HTTPRequest) -> HTTPResponse? {
    guard request.method == "OPTIONS", let origin = request.headers["origin"],
      request.headers["access-control-request-method"] != nil
    else { return nil }
    // Clients' libraries add headers of their own, such as x-stainless-lang.
    let asked = (request.headers["access-control-request-headers"] ?? "").lowercased().split(separator: ",")
      .map { ParameterizedValue.trimmed($0.unicodeScalars) }
      .filter { !$0.isEmpty && $0.utf8.allSatisfy(HeaderRules.isTokenByte) && !Self.sent.contains($0) }
    var response = HTTPResponse(204)
    allow(&response, origin)
    response.headers["access-control-allow-methods"] = Self.methods
    response.headers["access-control-allow-headers"] = (Self.sent + asked).joined(separator: ", ")
    response.headers["access-control-max-age"] = "600"
    // Asked by pages of public addresses (Private Network Access).
    if request.headers["access-control-request-private-network"] == "true" {
      response.headers["access-control-allow-private-network"] = "true"
    }
    return response
  }

  /// Lets the page that sent a request read its answer.
  package func expose(_ response: inout HTTPResponse, to request: HTTPHeaders) {
    guard let origin = request["origin"] else { return }
    allow(&response, origin)
    response.headers["access-control-expose-headers"] = Self.exposed.joined(separator: ", ")
  }

  /// Never with credentials: pages send keys by themselves.
  private func allow(_ response: inout HTTPResponse, _ origin: String) {
    response.headers["access-control-allow-origin"] = pages == nil ? "*" : origin
    if pages != nil { response.headers.add("vary", "Origin") }
  }
}
