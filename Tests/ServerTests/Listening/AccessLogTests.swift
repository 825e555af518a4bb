import Darkroom
import Server
import Synchronization
import Testing

@Suite struct AccessLogTests {
  private func lines(_ format: AccessLog.Format, prompts: Bool = false, _ body: (AccessLog) -> Void)
    -> [String]
  {
    let lines = Lines()
    body(AccessLog(format, prompts: prompts) { lines.add($0) })
    return lines.all
  }

  @Test func textFromOutsideIsNoLineAndNoFieldOfItsOwn() {
    let request = HTTPRequest("GET", "/a\nevent=ended status=200")
    let text = lines(.text) { $0.ended(request, 404, in: .seconds(1)) }
    #expect(text.count == 1 && !text[0].contains("\n"))
    #expect(text[0].contains(#"path="/a\nevent=ended status=200" status=404 ms=1000"#), "\(text)")
  }

  @Test func aLineOfJSONIsAnObject() throws {
    let request = HTTPRequest("POST", "/a", body: Array("a prompt".utf8))
    let line = lines(.json) { $0.ended(request, 500, "no memory", in: .milliseconds(5)) }[0]
    guard case .object(let fields) = try StrictJSON.value(Array(line.utf8)) else {
      Issue.record("\(line)")
      return
    }
    #expect(fields["status"] == .number("500") && fields["problem"] == .text("no memory"))
    #expect(fields["body"] == nil, "prompts are private")
  }

  @Test func promptsAreWrittenWhereThatWasAskedFor() {
    let request = HTTPRequest("POST", "/a", body: Array("a prompt".utf8))
    #expect(
      lines(.text, prompts: true) { $0.ended(request, 200, in: .zero) }[0].contains("body=\"a prompt\""))
  }

  @Test func whatClientsSendOfTheirSecretsIsNotWritten() {
    let body = #"{"prompt": "a cat", "auth": "user:password", "url": "http://user:password@host"}"#
    let request = HTTPRequest("POST", "/a", body: Array(body.utf8))
    let line = lines(.text, prompts: true) { $0.ended(request, 200, in: .zero) }[0]
    #expect(line.contains("a cat") && !line.contains("password"), "\(line)")
  }

  private final class Lines: Sendable {
    private let state = Mutex<[String]>([])

    var all: [String] { state.withLock { $0 } }
    func add(_ line: String) { state.withLock { $0.append(line) } }
  }
}
