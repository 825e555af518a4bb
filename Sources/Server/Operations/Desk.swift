import Darkroom

/// Makes orders of what operations ask for: checks them while others are drawn, and waits for their pictures.
package struct Desk: Sendable {
  package let queue: any JobQueue
  let words: WordFilter
  let limits: RequestLimits
  /// Says what an order takes; it draws nothing, so that it is free while others are drawn.
  let estimator: Engine?
  /// Bytes that one order may take.
  let memory: Int?

  package init(
    queue: any JobQueue, words: WordFilter = WordFilter(), limits: RequestLimits = Desk.limits,
    estimator: Engine? = nil, memory: Int? = nil
  ) {
    (self.queue, self.words, self.limits) = (queue, words, limits)
    (self.estimator, self.memory) = (estimator, memory)
  }

  /// What a server allows.
  package static var limits: RequestLimits {
    var limits = RequestLimits.standard
    limits.count = 1...16
    limits.side = 64...2048
    return limits
  }

  /// - Throws: `Refusal`, or `DarkroomError` that names a field of the request.
  package func order(_ ask: Ask, client: String, door: String = "") async throws -> Order {
    try words.check(ask.prompts)
    let work: Order.Work
    switch ask.work {
    case .drawing(let request):
      let resolved = try ResolvedRequest(
        request, for: ask.model.description, precisions: ask.model.precisions, limits: limits)
      try await checkMemory(resolved, ask.model)
      work = .drawing(resolved)
    case .upscaling(let request): work = .upscaling(request)
    }
    return Order(work, model: ask.model.name, output: ask.output, client: client, door: door)
  }

  private func checkMemory(_ request: ResolvedRequest, _ model: ServedModel) async throws {
    guard let estimator else { return }
    let estimate = try await estimator.estimate(request.request, with: model.source)
    guard let memory, estimate.least > memory else { return }
    throw DarkroomError(
      .resources, field: "width",
      help: "ask for a smaller size",
      "\(request.width)x\(request.height) needs \(estimate.least >> 20) MiB of memory, and \(memory >> 20) MiB are there"
    )
  }

  /// - Parameter keeping: whether it goes on though nobody follows it.
  package func submit(_ order: Order, keeping: Bool = false) async throws -> Submission {
    try await queue.submit(order, keeping: keeping)
  }
}
