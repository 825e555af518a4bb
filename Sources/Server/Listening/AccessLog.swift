import Darkroom
import FoundationEssentials
import Synchronization
import SystemFiles

/// What the server writes down: a line for each request and each thing that happens, as `key=value` pairs or as JSON.
/// Prompts are not written unless that was asked for.
package final class AccessLog: Sendable {
  package enum Format: String, Sendable, CaseIterable { case text, json }

  private let format: Format
  private let prompts: Bool
  private let meter: Meter
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - prompts: whether bodies of requests are written too.
  ///   - write: takes a line without its end.
  package init(
    _ format: Format = .text, prompts: Bool = false, meter: Meter = Meter(),
    write: @escaping @Sendable (String) -> Void
  ) {
    (self.format, self.prompts, self.meter, self.write) = (format, prompts, meter, write)
  }

  /// A request has been answered, or its client has left (status 499).
  package func ended(
    _ request: HTTPRequest, _ status: Int, _ problem: String? = nil, in time: Duration,
    protocol name: String = "http"
  ) {
    meter.answered(status, by: name, in: time)
    var fields: [(String, FieldValue)] = [
      ("event", .text("request")), ("id", .text(request.id)), ("protocol", .text(name)),
      ("method", .text(request.method)), ("path", .text(request.path)), ("status", .number("\(status)")),
      ("ms", .number("\(Int((time.seconds * 1000).rounded()))")), ("client", .text(request.client)),
      ("bytes", .number("\(request.body.count)")),
    ]
    if let problem { fields.append(("problem", .text(problem))) }
    if prompts, !request.body.isEmpty {
      fields.append(("body", .text(Self.text(request.body))))
    }
    line(fields)
  }

  /// A call of gRPC has ended, with a status of gRPC.
  func ended(_ call: GRPCCall, _ status: Int, _ problem: String?, in time: Duration) {
    let id = String(JobID.random().description.prefix(32))
    let request = HTTPRequest("POST", call.path, body: call.message, client: call.client, id: id)
    ended(request, status, problem, in: time, protocol: "grpc")
  }

  package func tell(_ event: String, _ fields: [(String, FieldValue)] = []) {
    line([("event", .text(event))] + fields)
  }

  private func line(_ fields: [(String, FieldValue)]) {
    let time = Date.now.formatted(.iso8601)
    let all = [("time", FieldValue.text(time))] + fields
    switch format {
    case .json: write("{\(all.map { "\(FieldValue.text($0.0).json):\($0.1.json)" }.joined(separator: ","))}")
    case .text: write(all.map { "\($0.0)=\(Self.word($0.1))" }.joined(separator: " "))
    }
  }

  /// Fields of JSON bodies in which clients send what is nobody's business, even to servers that do not ask for it.
  private static let secrets: Set = ["auth", "key", "url"]

  private static func text(_ body: [UInt8]) -> String {
    guard case .object(let fields)? = try? StrictJSON.value(body), !secrets.isDisjoint(with: fields.keys)
    else {
      return String(decoding: body.prefix(4096), as: UTF8.self)
    }
    let told = FieldValue.object(fields.filter { !secrets.contains($0.key) }).json
    return String(decoding: told.utf8.prefix(4096), as: UTF8.self)
  }

  /// Quoted unless it is one plain word, so that nothing from outside looks like a line or a field of its own.
  private static func word(_ value: FieldValue) -> String {
    guard case .text(let text) = value else { return value.json }
    let isPlain =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        (0x21...0x7E).contains($0.value) && $0 != "\"" && $0 != "=" && $0 != "\\"
      }
    return isPlain ? text : FieldValue.text(text).json
  }
}
