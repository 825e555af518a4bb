import Darkroom
import FoundationEssentials

/// Stability's gRPC API, as its SDKs speak it: `gooseai.GenerationService` and what goes with it.
package struct StabilityService: GRPCService {
  let premises: Premises
  /// Nil where no key is asked for: over plain connections of this machine, whose client never sends one.
  let keys: KeyRing?
  /// How often a client that waits is told that the server is still at work.
  let keepAlive: Duration

  /// Where calls are written down; nil for those of gRPC-web, which are requests of HTTP.
  let log: AccessLog?

  package init(
    _ premises: Premises, keys: KeyRing?, log: AccessLog? = nil, keepAlive: Duration = .seconds(5)
  ) {
    (self.premises, self.keys, self.log, self.keepAlive) = (premises, keys, log, keepAlive)
  }

  private var desk: Desk { premises.desk }

  private static let services = "/gooseai."
  /// Every method that is served, for gRPC-web.
  package static let methods = [
    "GenerationService/Generate", "GenerationService/ChainGenerate", "EnginesService/ListEngines",
    "DashboardService/GetMe", "DashboardService/GetOrganization", "ProjectService/QueryAssets",
  ].map { services + $0 }
  /// What one picture costs, where credits are counted.
  private static let price = 0.2

  package func answer(_ call: GRPCCall) -> AsyncThrowingStream<[UInt8], any Error> {
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
    let start = ContinuousClock.now
    let task = Task(executorPreference: ServerExecutor.shared) {
      do {
        try check(call)
        try await run(call) { continuation.yield($0) }
        log?.ended(call, 0, nil, in: ContinuousClock.now - start)
        continuation.finish()
      } catch {
        let failure = Self.failure(error)
        log?.ended(call, failure.code.rawValue, failure.message, in: ContinuousClock.now - start)
        continuation.finish(throwing: failure)
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }

  private func check(_ call: GRPCCall) throws {
    switch keys?.verdict(call.headers["authorization"]) {
    case .missing?: throw GRPCFailure(.unauthenticated, "missing authorization header")
    case .wrong?: throw GRPCFailure(.unauthenticated, "Incorrect API key provided")
    case .right?, nil: break
    }
    try premises.pace.step(call.client)
  }

  private func run(_ call: GRPCCall, _ send: @escaping @Sendable ([UInt8]) -> Void) async throws {
    switch call.path.dropFirst(Self.services.count) {
    case "GenerationService/Generate":
      try await generate(try Stability.Request(call.message, name: "Request"), call, send)
    case "GenerationService/ChainGenerate":
      let chain = try Stability.ChainRequest(call.message, name: "ChainRequest")
      for stage in chain.stages {
        // A gallery of the hosted service, which this server does not have.
        if stage.request.parameters == .asset { continue }
        var request = stage.request
        if request.id.isEmpty { request.id = chain.id }
        try await generate(request, call, send)
      }
    case "EnginesService/ListEngines": send(Stability.bytes(engines))
    case "DashboardService/GetMe":
      send(
        Stability.User(
          id: "user-darkroom", picture: "", email: "user@localhost", organization: organization
        ).bytes)
    case "DashboardService/GetOrganization": send(organization.bytes)
    // No pictures are kept for anybody to look through.
    case "ProjectService/QueryAssets": send([])
    default: throw GRPCFailure(.unimplemented, "\(call.path.prefix(200)) is not served")
    }
  }

  private var organization: Stability.Organization {
    Stability.Organization(
      id: "org-darkroom", name: "Darkroom", balance: premises.account.credits / 100)
  }

  private var engines: [Stability.Engine] {
    premises.models.models.map { model in
      Stability.Engine(
        id: model.name, owner: "darkroom", isReady: true, name: model.description.name,
        description: "\(model.description.family), \(model.description.nativeSide) pixels a side")
    }
      + HostedModels.engines.filter { premises.models.model(id: $0.id) != nil }.map { engine in
        Stability.Engine(
          id: engine.id, owner: "darkroom", isReady: true, name: engine.name,
          description: "stands for \(premises.models.model(id: engine.id)?.name ?? "")")
      }
  }

  // MARK: Pictures

  private func generate(
    _ request: Stability.Request, _ call: GRPCCall, _ send: @escaping @Sendable ([UInt8]) -> Void
  ) async throws {
    let start = ContinuousClock.now
    let letters = Answers(to: request)
    let order: Order
    do {
      order = try await desk.order(
        GRPCAsk.read(request, premises.models), client: call.client, door: "stability-grpc")
    } catch let refusal as Refusal where refusal.kind == .moderation {
      return send(letters.refused(refusal.message))
    }
    try premises.account.pay(Self.price)
    do {
      let job = try await desk.queue.submit(order)
      let waiting = waitForAnotherTry(job.id, call, since: start)
      defer { waiting?.cancel() }
      try await tell(job.events, letters, send)
    } catch {
      premises.account.giveBack(Self.price)
      throw error
    }
  }

  private func tell(
    _ events: AsyncStream<JobEvent>, _ letters: Answers, _ send: @escaping @Sendable ([UInt8]) -> Void
  ) async throws {
    let alive = Task(executorPreference: ServerExecutor.shared) { [keepAlive] in
      while !Task.isCancelled {
        try await Task.sleep(for: keepAlive)
        send(letters.waiting)
      }
    }
    defer { alive.cancel() }
    for await event in events {
      switch event {
      case .picture(let picture): send(letters.answer(picture))
      case .failed(let error) where error.kind == .filtered: return send(letters.refused(Refusal.flagged))
      case .failed(let error): throw error
      case .finished: return
      case .queued, .started, .progress, .preview, .notice: break
      }
    }
    throw CancellationError()
  }

  /// A job whose call ends because its time is over goes on for a while: its client sends the same again, and joins it.
  private func waitForAnotherTry(
    _ job: JobID, _ call: GRPCCall, since start: ContinuousClock.Instant
  ) -> Task<Void, any Error>? {
    guard let time = try? GRPCFraming.timeout(call.headers["grpc-timeout"]) else { return nil }
    return premises.secondTries.hold(job, desk.queue, for: time, since: start)
  }

  /// The status of what went wrong.
  private static func failure(_ error: any Error) -> GRPCFailure {
    if let failure = error as? GRPCFailure { return failure }
    if error is CancellationError { return GRPCFailure(.cancelled, "the call was cancelled") }
    if let error = error as? ProtobufError { return GRPCFailure(.invalidArgument, "\(error)") }
    let refusal = Refusal(error)
    let code: GRPCFailure.Code =
      switch refusal.kind {
      case .request, .tooLarge, .method, .moderation: .invalidArgument
      case .unauthorized, .permission: .unauthenticated
      case .payment: .resourceExhausted
      case .notFound: .notFound
      // Clients take 8 for credits that have run out, and try again after 14.
      case .tooMany, .unavailable: .unavailable
      case .fault: .internal
      }
    return GRPCFailure(code, refusal.text)
  }
}

/// The messages that answer a request.
private struct Answers: Sendable {
  private let request: String
  private let engine: String
  private let received = Self.now

  /// Clients group pictures by the request's name, so that there is always one.
  init(to request: Stability.Request) {
    self.request = request.id.isEmpty ? UUID().uuidString.lowercased() : request.id
    engine = request.engine
  }

  private static var now: UInt64 { UInt64(Date.now.timeIntervalSince1970 * 1000) }

  private var empty: Stability.Answer {
    var answer = Stability.Answer(
      id: UUID().uuidString.lowercased(), request: request, received: received, created: Self.now)
    answer.engine = engine
    return answer
  }

  var waiting: [UInt8] { empty.bytes }

  func answer(_ picture: MadePicture) -> [UInt8] {
    var artifact = Stability.Artifact()
    (artifact.id, artifact.type, artifact.index) = (picture.index, .image, UInt32(picture.index))
    (artifact.mime, artifact.magic) = (picture.format.mediaType, picture.format.rawValue.uppercased())
    artifact.content = .binary(picture.bytes)
    artifact.finishReason = picture.isFiltered ? .filter : .null
    artifact.seed = UInt32(truncatingIfNeeded: picture.seed ?? 0)
    (artifact.uuid, artifact.size) = (UUID().uuidString.lowercased(), picture.bytes.count)
    var answer = empty
    answer.artifacts = [artifact]
    return answer.bytes
  }

  /// A text instead of pictures: the content filter does not let the prompt pass.
  func refused(_ message: String) -> [UInt8] {
    var artifact = Stability.Artifact()
    (artifact.type, artifact.mime, artifact.finishReason) = (.text, "text/plain", .filter)
    artifact.content = .text(message)
    var answer = empty
    answer.artifacts = [artifact]
    return answer.bytes
  }
}
