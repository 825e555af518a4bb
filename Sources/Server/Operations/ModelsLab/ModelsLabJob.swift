import Darkroom
import FoundationEssentials
import Synchronization

/// A job with a number, whose pictures have their addresses before they are there.
final class ModelsLabJob: Sendable {
  private enum Outcome {
    /// The pictures themselves are where their addresses lead.
    case done(meta: [String: FieldValue], isFiltered: Bool, seconds: Double)
    case failed(Refusal)
  }

  private struct State {
    var outcome: Outcome?
    var waiting: [AsyncStream<Void>.Continuation] = []
  }

  /// As hard to guess as a whole number of JSON can be.
  let id = Int.random(in: (1 << 40)..<(1 << 53))
  private let queueID: JobID
  private let paths: [String]
  /// What was asked for.
  private let meta: [String: FieldValue]
  private let isBase64: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(_ submission: Submission, _ visit: Visit) {
    queueID = submission.id
    let arguments = visit.arguments
    paths = (0..<(arguments.integer("samples") ?? 1)).map { _ in PictureLinks.newPath(.png) }
    isBase64 = arguments.flag("base64") ?? false
    var meta = arguments.values.filter { $0.key != "key" }
    for (name, other) in [
      ("width", "W"), ("height", "H"), ("samples", "n_samples"), ("num_inference_steps", "steps"),
    ] { meta[other] = meta[name] }
    self.meta = meta
  }

  // MARK: Its course

  /// Keeps the pictures as they come.
  func follow(_ submission: Submission, _ links: PictureLinks) async {
    let outcome: Outcome
    do {
      let pictures = try await submission.pictures()
      for (picture, path) in zip(pictures, paths) { links.keep(picture, at: path) }
      var meta = meta
      if let first = pictures.first {
        (meta["W"], meta["H"]) = (.number("\(first.width)"), .number("\(first.height)"))
        meta["seed"] = first.seed.map { .number("\($0)") }
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      outcome = .done(
        meta: meta, isFiltered: pictures.contains(where: \.isFiltered),
        seconds: (seconds * 100).rounded() / 100)
    } catch {
      outcome = .failed(Refusal(error))
    }
    let waiting = state.withLock { state in
      state.outcome = outcome
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.finish() }
  }

  /// Returns at the job's end, after a time, or when the task is cancelled.
  func wait(for time: Duration) async {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    let isDone = state.withLock { state in
      if state.outcome == nil { state.waiting.append(continuation) }
      return state.outcome != nil
    }
    guard !isDone else { return }
    let limit = Task(executorPreference: ServerExecutor.shared) {
      try await Task.sleep(for: time)
      continuation.finish()
    }
    for await _ in stream {}
    limit.cancel()
  }

  // MARK: What is said of it

  /// - Throws: `Refusal` if it has failed, or its pictures are not kept any longer.
  func answer(_ visit: Visit) throws -> HTTPResponse {
    let fields: [String: FieldValue] =
      switch state.withLock({ $0.outcome }) {
      case nil: processing(visit)
      case .done(let meta, let isFiltered, let seconds): try success(visit, meta, isFiltered, seconds)
      case .failed(let refusal): throw refusal
      }
    return HTTPResponse(type: "application/json", Array(FieldValue.object(fields).json.utf8))
  }

  private func addresses(_ visit: Visit) -> FieldValue {
    .list(paths.map { .text(visit.premises.links.address($0, for: visit.request)) })
  }

  private func success(
    _ visit: Visit, _ meta: [String: FieldValue], _ isFiltered: Bool, _ seconds: Double
  ) throws -> [String: FieldValue] {
    let addresses = addresses(visit)
    let output: FieldValue =
      isBase64
      ? .list(try paths.map { .text(Data(try picture($0, visit).bytes).base64EncodedString()) }) : addresses
    return [
      "status": "success", "generationTime": .number("\(seconds)"), "id": .number("\(id)"),
      "output": output, "proxy_links": addresses, "meta": .object(meta),
      "nsfw_content_detected": .flag(isFiltered),
    ]
  }

  private func processing(_ visit: Visit) -> [String: FieldValue] {
    let premises = visit.premises
    let left = premises.queue.jobs.first { $0.id == queueID }?.progress?.secondsLeft
    let eta = left.map { Int(min($0, 1_000_000).rounded(.up)) } ?? premises.secondsToWait
    let message: FieldValue = "Try to fetch the result after the seconds of eta"
    let fetch = "/api/v6/images/fetch/\(id)"
    return [
      "status": "processing", "id": .number("\(id)"), "eta": .number("\(eta)"), "message": message,
      "messege": message,
      "tip": "fetch_result answers POST with JSON, and GET with the picture once it is there",
      "fetch_result": .text(premises.links.address(fetch, for: visit.request)), "output": [],
      "future_links": addresses(visit), "meta": .object(meta),
    ]
  }

  /// - Throws: `Refusal` as `answer`.
  func firstPicture(_ visit: Visit) throws -> MadePicture {
    switch state.withLock({ $0.outcome }) {
    case .failed(let refusal)?: throw refusal
    case .done?, nil: try picture(paths[0], visit)
    }
  }

  private func picture(_ path: String, _ visit: Visit) throws -> MadePicture {
    guard let picture = visit.premises.links.picture(at: path) else {
      throw Refusal(.notFound, "no picture is at \(path), or none any longer")
    }
    return picture
  }

  /// What its webhook is told.
  func notice(_ visit: Visit) -> FieldValue {
    var fields: [String: FieldValue]
    switch state.withLock({ $0.outcome }) {
    case .done(let meta, let isFiltered, let seconds)?:
      // Addresses are enough: who is told need not hold the pictures.
      fields = (try? success(visit, meta, isFiltered, seconds)) ?? ["status": "failed"]
    case .failed(let refusal)?: fields = ["status": "failed", "message": .text(ModelsLab.text(refusal))]
    case nil: fields = processing(visit)
    }
    fields["id"] = .number("\(id)")
    fields["track_id"] = meta["track_id"] ?? .null
    return .object(fields)
  }
}
