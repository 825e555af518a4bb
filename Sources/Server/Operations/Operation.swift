import Darkroom

/// One operation of an API: how its requests are read and its answers written. It knows no engine: what it asks for is
/// an `Ask`, and what it gets are pictures.
package struct Operation: Sendable {
  package enum Method: String, Sendable { case get = "GET", post = "POST" }

  /// What becomes of a request.
  package enum Work: Sendable {
    /// The server itself tells something.
    case tell(@Sendable (Visit) async throws -> HTTPResponse)
    /// Pictures are drawn, and the answer waits for them.
    case draw(
      read: @Sendable (Visit) throws -> Ask, write: @Sendable (Visit, [MadePicture]) throws -> HTTPResponse)
    /// Pictures are drawn, and the answer is made while they are.
    case follow(
      keeping: Bool, read: @Sendable (Visit) throws -> Ask,
      answer: @Sendable (Visit, Submission) async throws -> HTTPResponse)
  }

  /// How the body is sent.
  package enum Body: Sendable {
    case none
    case json
    case form
    /// A form, or JSON, which the hosted API does not take.
    case formOrJSON
    /// JSON, whatever type it is said to be; nothing at all stands for no fields.
    case looseJSON
    /// Bytes that the operation reads itself.
    case bytes
  }

  package let api: API
  package let method: Method
  /// "/v1/generation/{engine_id}/text-to-image".
  package let path: String
  /// Further paths of the same operation.
  package var otherPaths: [String] = []
  package let summary: String
  package var body = Body.none
  package var parameters: [Parameter] = []
  /// Credits that an answer costs, where the server counts them.
  package var price = 0.0
  /// Media types of the answer, the first of which is usual.
  package var answers: [String]
  /// Statuses of answers that are no refusals.
  package var statuses: [Int]
  package let work: Work

  package init(
    _ api: API, _ method: Method, _ path: String, _ summary: String, body: Body = .none,
    otherPaths: [String] = [], parameters: [Parameter] = [], price: Double = 0,
    answers: [String] = ["application/json"],
    statuses: [Int] = [200], _ work: Work
  ) {
    (self.api, self.method, self.path, self.summary) = (api, method, path, summary)
    (self.body, self.otherPaths, self.parameters) = (body, otherPaths, parameters)
    (self.price, self.answers, self.statuses, self.work) = (price, answers, statuses, work)
  }

  /// The parts of a path in braces; nil if the path is another one.
  package func match(_ path: String) -> [String: String]? {
    let other = Self.parts(path)
    return ([self.path] + otherPaths).lazy.compactMap { Self.match(Self.parts($0), other) }.first
  }

  /// Slashes divide whatever follows them: a mark that joins the character before it is no reason not to.
  private static func parts(_ path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0) }
  }

  private static func match(_ own: [Substring], _ other: [Substring]) -> [String: String]? {
    guard own.count == other.count else { return nil }
    var parts: [String: String] = [:]
    for (name, value) in zip(own, other) {
      if name.hasPrefix("{") {
        parts[String(name.dropFirst().dropLast())] = String(value)
      } else if name != value {
        return nil
      }
    }
    return parts
  }
}

/// A request on its way through an operation.
package struct Visit: Sendable {
  package let request: HTTPRequest
  package let arguments: Arguments
  /// The parts of the path in braces.
  package let path: [String: String]
  package let premises: Premises

  package init(_ request: HTTPRequest, _ arguments: Arguments, path: [String: String], _ premises: Premises) {
    (self.request, self.arguments, self.path, self.premises) = (request, arguments, path, premises)
  }
}

extension Visit {
  /// Whether the answer may be that of an identical request.
  var isShared: Bool { !(request.headers["cache-control"] ?? "").lowercased().contains("no-store") }
}

/// What an operation asks for, before it is checked and completed.
package struct Ask: Sendable {
  package enum Work: Sendable {
    case drawing(GenerationRequest)
    case upscaling(UpscaleRequest)
  }

  package var work: Work
  package var model: ServedModel
  package var output: Order.Output

  package init(
    _ work: Work, _ model: ServedModel, _ output: Order.Output = Order.Output()
  ) {
    (self.work, self.model, self.output) = (work, model, output)
  }

  /// All texts that are drawn.
  var prompts: [String] {
    func texts(_ request: GenerationRequest) -> [String] {
      [request.prompt] + (request.prompts ?? []).filter { $0.weight > 0 }.map(\.text)
    }
    switch work {
    case .drawing(let request): return texts(request)
    case .upscaling(let request): return request.redrawing.map { texts($0.request) } ?? []
    }
  }
}

/// What operations know of the server that they belong to.
package struct Premises: Sendable {
  package let models: ModelTable
  package let upscalers: UpscalerTable
  package let desk: Desk
  /// Nil if no key is asked for.
  package let keys: KeyRing?
  /// Of requests and calls that need a key, where there is any.
  package let pace: Pace
  package let account: Account
  package let meter: Meter
  package let results: ResultStore
  package let links: PictureLinks
  package let a1111: A1111Door
  /// Makes the engines give back what they keep of models.
  package let releaseMemory: @Sendable () async -> Void
  package let secondTries: SecondTries
  package let comfy: ComfyDoor
  package let modelsLab: ModelsLabDoor
  package let operations: [Operation]

  package init(
    models: ModelTable, upscalers: UpscalerTable = UpscalerTable(), desk: Desk, keys: KeyRing? = nil,
    pace: Pace = Pace(), account: Account = Account(),
    meter: Meter = Meter(), results: ResultStore = ResultStore(), links: PictureLinks = PictureLinks(),
    secondTries: SecondTries = SecondTries(), modelsLab: ModelsLabDoor = ModelsLabDoor(),
    a1111: A1111Door = A1111Door(), comfy: ComfyDoor = ComfyDoor(),
    releaseMemory: @escaping @Sendable () async -> Void = {}, operations: [Operation] = Operation.all
  ) {
    (self.models, self.upscalers) = (models, upscalers)
    (self.desk, self.keys, self.pace) = (desk, keys, pace)
    (self.account, self.meter, self.results) = (account, meter, results)
    (self.links, self.secondTries, self.modelsLab) = (links, secondTries, modelsLab)
    self.operations = operations
    (self.a1111, self.comfy, self.releaseMemory) = (a1111, comfy, releaseMemory)
  }

  package var queue: any JobQueue { desk.queue }
  /// About when a job that waits now will have been drawn; a guess while nothing was.
  var secondsToWait: Int {
    let jobs = queue.load.waiting + queue.load.working
    return min(max(1, Int((meter.secondsPerJob ?? 5) * Double(jobs))), 600)
  }
  /// What answers calls of gRPC-web, whose clients send a key.
  var service: StabilityService { StabilityService(self, keys: keys) }
}
