import Darkroom
import Pictures
import Server
import Synchronization

/// A reception whose orders are drawn by a stand-in: pictures of a few bytes, and a list of what was ordered.
final class Stage: Sendable {
  let reception: Reception
  let premises: Premises
  let queue: LocalQueue
  private let orders = Mutex<[Order]>([])
  private let drawing = Mutex<Task<Void, Never>?>(nil)

  var ordered: [Order] { orders.withLock { $0 } }

  /// The requests of drawings that were ordered.
  var drawings: [ResolvedRequest] {
    ordered.compactMap { if case .drawing(let request) = $0.work { request } else { nil } }
  }

  /// - Parameter file: of every picture; a few bytes if nil.
  init(
    credits: Double? = nil, rate: Double? = nil, words: [String] = [], keys: KeyRing? = nil,
    filtered: Bool = false, draws: Bool = true, secondTries: SecondTries = SecondTries(),
    modelsLab: ModelsLabDoor = ModelsLabDoor(), links: PictureLinks = PictureLinks(),
    operations: [Operation] = Operation.all, file: [UInt8]? = nil
  ) throws {
    let queue = LocalQueue()
    self.queue = queue
    let models = ModelTable(
      [Known.model], aliases: HostedModels.aliases([:], usual: Known.model.name))
    premises = Premises(
      models: models, desk: Desk(queue: queue, words: WordFilter(words)), keys: keys, pace: Pace(rate: rate),
      account: Account(credits: credits), links: links, secondTries: secondTries, modelsLab: modelsLab,
      operations: operations)
    reception = Reception(premises, origins: try Origins())
    guard draws else { return }
    let task = Task(executorPreference: ServerExecutor.shared) { [weak self] in
      while let batch = await queue.next() {
        self?.orders.withLock { $0.append(batch.order) }
        for index in 0..<batch.order.pictures {
          var made = picture(index)
          made.isFiltered = filtered
          if let file { made.bytes = file }
          if case .drawing(let request) = batch.order.work { made.seed = request.seed &+ UInt64(index) }
          made.format = batch.order.output.format
          queue.tell(.picture(made), of: batch)
        }
        queue.tell(.finished, of: batch)
      }
    }
    drawing.withLock { $0 = task }
  }

  deinit { drawing.withLock { $0?.cancel() } }

  func json(_ path: String, _ body: String, headers: HTTPHeaders = [:]) async -> HTTPResponse {
    await post(path, type: "application/json", Array(body.utf8), headers)
  }

  /// - Parameter fields: texts, or bytes of a file.
  func form(_ path: String, _ fields: [(String, FormValue)], headers: HTTPHeaders = [:]) async -> HTTPResponse
  {
    var body: [UInt8] = []
    for (name, value) in fields {
      var head = "--edge\r\nContent-Disposition: form-data; name=\"\(name)\""
      if case .file = value { head += "; filename=\"\(name)\"" }
      body += Array("\(head)\r\n\r\n".utf8) + value.bytes + Array("\r\n".utf8)
    }
    body += Array("--edge--\r\n".utf8)
    return await post(path, type: "multipart/form-data; boundary=edge", body, headers)
  }

  func get(
    _ path: String, query: [String: String] = [:], headers: HTTPHeaders = [:]
  ) async -> HTTPResponse {
    var request = HTTPRequest("GET", path, headers: headers)
    request.headers["host"] = "localhost"
    request.query = query
    return await reception.answer(request)
  }

  private func post(
    _ path: String, type: String, _ body: [UInt8], _ headers: HTTPHeaders
  ) async -> HTTPResponse {
    var headers = headers
    headers["host"] = headers["host"] ?? "localhost"
    headers["content-type"] = type
    return await reception.answer(HTTPRequest("POST", path, headers: headers, body: body))
  }
}

enum FormValue: ExpressibleByStringLiteral {
  case text(String)
  case file([UInt8])

  init(stringLiteral value: String) { self = .text(value) }

  var bytes: [UInt8] {
    switch self {
    case .text(let text): Array(text.utf8)
    case .file(let bytes): bytes
    }
  }
}

extension HTTPResponse {
  /// A field of a JSON body, by its path.
  func field(_ path: String...) -> FieldValue? {
    var value = try? StrictJSON.value(bytes)
    for step in path {
      switch value {
      case .object(let fields)?: value = fields[step]
      case .list(let list)?: value = Int(step).flatMap { list.indices.contains($0) ? list[$0] : nil }
      default: return nil
      }
    }
    return value
  }

  func text(_ path: String...) -> String? {
    var value = try? StrictJSON.value(bytes)
    for step in path {
      switch value {
      case .object(let fields)?: value = fields[step]
      case .list(let list)?: value = Int(step).flatMap { list.indices.contains($0) ? list[$0] : nil }
      default: return nil
      }
    }
    return value?.plain
  }
}

/// A small PNG file of one colour.
func png(width: Int = 64, height: Int = 64, level: UInt8 = 90) throws -> [UInt8] {
  try Picture(
    width: width, height: height, pixels: [UInt8](repeating: level, count: width * height * 3)
  ).encoded(as: .png)
}
