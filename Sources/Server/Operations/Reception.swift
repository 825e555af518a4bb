import Darkroom

/// The way of every request: from its path to an operation, past keys and limits, and back with its answer.
package struct Reception: Sendable {
  let premises: Premises
  let origins: Origins

  private var desk: Desk { premises.desk }
  var keys: KeyRing? { premises.keys }
  package var operations: [Operation] { premises.operations }

  package init(_ premises: Premises, origins: Origins) { (self.premises, self.origins) = (premises, origins) }

  /// Bytes that the body of a request may have; what is larger is read and dropped.
  package func bodyLimit(_ path: String) -> Int {
    found(at: path).map(\.operation.api.bodyLimit).max() ?? 1 << 20
  }

  /// The operations of a path, with its parts in braces. A path that is written out stands above one with braces.
  private func found(at path: String) -> [(operation: Operation, parts: [String: String])] {
    let all = operations.compactMap { operation in operation.match(path).map { (operation, $0) } }
    let least = all.map(\.1.count).min()
    return all.filter { $0.1.count == least }
  }

  /// - Parameter isTooLarge: the body was, and is not there.
  package func answer(_ request: HTTPRequest, isTooLarge: Bool = false) async -> HTTPResponse {
    if origins.refusal(of: request.headers) == nil, let preflight = origins.preflight(request) {
      return preflight
    }
    let found = found(at: request.path)
    let allowed = found.map(\.0.method.rawValue)
    let api = found.first?.0.api ?? API.style(of: request.path)
    var response: HTTPResponse
    do {
      if let refusal = origins.refusal(of: request.headers) { throw Refusal(refusal) }
      guard !allowed.isEmpty else { throw Refusal.noSuchPath(request.path, operations) }
      let method = request.method == "HEAD" ? "GET" : request.method
      guard let (operation, path) = found.first(where: { $0.0.method.rawValue == method }) else {
        throw Refusal(
          .method, field: "method", "must be \(Set(allowed).sorted().joined(separator: " or "))")
      }
      response = try await answer(request, by: operation, path, isTooLarge)
    } catch {
      let refusal = Refusal(error)
      response = api.write(refusal, request.id)
      if refusal.kind == .fault { response.problem = refusal.text }
      if refusal.kind == .method { response.headers["allow"] = Set(allowed).sorted().joined(separator: ", ") }
      if refusal.kind == .tooMany || refusal.kind == .unavailable {
        response.headers["retry-after"] = "\(refusal.retryAfter ?? premises.secondsToWait)"
      }
    }
    response.headers["x-request-id"] = request.id
    response.headers["x-content-type-options"] = "nosniff"
    if response.status != 403 || origins.refusal(of: request.headers) == nil {
      origins.expose(&response, to: request.headers)
    }
    return response
  }

  private func answer(
    _ request: HTTPRequest, by operation: Operation, _ path: [String: String], _ isTooLarge: Bool
  ) async throws -> HTTPResponse {
    var request = request
    let keyParameter = operation.api.keyParameter
    if operation.api.needsKey, keyParameter == nil { try admit(&request) }
    guard !isTooLarge else {
      let limit = operation.api.bodyLimit >> 20
      throw Refusal(.tooLarge, field: "body", "payloads cannot be larger than \(limit)MiB in size")
    }
    var body = try RequestBody(request, operation.body)
    if operation.api.needsKey, let keyParameter { try admit(&request, key: body.text(keyParameter)) }
    try await body.fetchPictures(of: operation.parameters, premises.links)
    let arguments = try Arguments(body, for: operation.parameters)
    let visit = Visit(request, arguments, path: path, premises)
    let names = Dictionary(
      operation.parameters.compactMap { row in row.field.map { ($0, row.name) } }
    ) { first, _ in first }
    do {
      var response = try await answer(visit, by: operation)
      if !arguments.ignored.isEmpty {
        response.headers["x-darkroom-ignored"] = arguments.ignored.map(Self.printable).joined(separator: ", ")
      }
      return response
    } catch {
      // Pictures are named with their file, which is the parameter's name again.
      throw Refusal(error) { field in
        let field = String(field.prefix { $0 != ":" })
        return names[field] ?? field
      }
    }
  }

  /// - Parameter key: one that came otherwise than in a header.
  private func admit(_ request: inout HTTPRequest, key: String? = nil) throws {
    switch keys?.verdict(request.headers["authorization"] ?? key) {
    case .missing?: throw Refusal(.unauthorized, "missing authorization header")
    case .wrong?: throw Refusal(.unauthorized, "Incorrect API key provided")
    case .right(let holder)?: request.client = holder
    case nil: break
    }
    try premises.pace.step(request.client)
  }

  private func answer(_ visit: Visit, by operation: Operation) async throws -> HTTPResponse {
    switch operation.work {
    case .tell(let tell): return try await tell(visit)
    case .draw(let read, let write):
      return try await paid(operation.price) {
        let job = try await desk.submit(visit.order(read(visit), operation.api))
        return try write(visit, try await job.pictures())
      }
    case .follow(let keeping, let read, let answer):
      return try await paid(operation.price) {
        let order = try await visit.order(read(visit), operation.api)
        return try await answer(visit, try await desk.submit(order, keeping: keeping))
      }
    }
  }

  private func paid(_ price: Double, _ body: () async throws -> HTTPResponse) async throws -> HTTPResponse {
    try premises.account.pay(price)
    do {
      return try await body()
    } catch {
      premises.account.giveBack(price)
      throw error
    }
  }

  /// A name from outside as a header may have it.
  private static func printable(_ name: String) -> String {
    String(name.unicodeScalars.prefix(64).map { (0x21...0x7E).contains($0.value) ? Character($0) : "?" })
  }
}

extension Visit {
  /// The order for an ask; drawn anew if the client does not want what was made before.
  /// - Throws: as `Desk.order`.
  func order(_ ask: Ask, _ api: API) async throws -> Order {
    var order = try await premises.desk.order(ask, client: request.client, door: api.name)
    order.isShared = isShared
    return order
  }
}

extension Refusal {
  /// What a host or page that is not this server's is told.
  fileprivate init(_ refusal: HTTPRefusal) {
    self.init(refusal.status == 403 ? .permission : .request, refusal.message)
  }

  fileprivate static func noSuchPath(_ path: String, _ operations: [Operation]) -> Refusal {
    let hint = NearNames.question(path, among: operations.map(\.path)).map { "; \($0)" } ?? ""
    return Refusal(.notFound, "there is no \(path.prefix(200))\(hint)")
  }
}
