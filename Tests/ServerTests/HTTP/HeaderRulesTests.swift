import Server
import Testing

@Suite struct HeaderRulesTests {
  private func refusal(
    _ fields: [(String, String)], method: String = "POST", target: String = "/v1/engines/list"
  )
    -> HTTPRefusal?
  {
    var headers = HTTPHeaders()
    for (name, value) in fields { headers.add(name, value) }
    return HeaderRules.refusal(method: method, target: target, headers: headers)
  }

  @Test func takesWhatClientsSend() {
    let usual = [("Host", "localhost:8000"), ("Accept", "*/*"), ("X-Name", "雨\ta")]
    #expect(refusal(usual + [("Content-Length", "76")]) == nil)
    #expect(refusal(usual + [("Transfer-Encoding", "Chunked")]) == nil)
    #expect(refusal(usual, method: "GET", target: "/v1/engines/list?a=b%20c") == nil)
  }

  @Test(
    arguments: [
      ([], "host: expected one, found 0"),
      ([("Host", "a"), ("host", "a")], "host: expected one, found 2"),
      (
        [("Host", "a"), ("Content-Length", "5"), ("content-length", "5")],
        "content-length: expected one, found 2"
      ),
      (
        [("Host", "a"), ("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        "not possible with transfer-encoding"
      ),
      ([("Host", "a"), ("Content-Length", "")], "content-length: expected a number of bytes"),
      ([("Host", "a"), ("Content-Length", "-5")], "content-length: expected a number of bytes"),
      ([("Host", "a"), ("Content-Length", "+5")], "content-length: expected a number of bytes"),
      ([("Host", "a"), ("Content-Length", "5, 5")], "content-length: expected a number of bytes"),
      ([("Host", "a"), ("Content-Length", "0x5")], "content-length: expected a number of bytes"),
      (
        [("Host", "a"), ("Content-Length", "99999999999999999999")],
        "content-length: expected a number of bytes"
      ),
      ([("Host", "a"), ("Transfer-Encoding", "gzip")], "transfer-encoding: expected chunked, once"),
      ([("Host", "a"), ("Transfer-Encoding", "gzip, chunked")], "transfer-encoding: expected chunked, once"),
      (
        [("Host", "a"), ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
        "transfer-encoding: expected chunked, once"
      ),
      ([("Host", "a"), ("X", "a\0b")], "X: a control character or a second line"),
      ([("Host", "a"), ("X", "a\r\n b")], "X: a control character or a second line"),
      ([("Host", "a"), ("X", "a\u{7F}")], "X: a control character or a second line"),
      ([("Host", "a"), ("", "b")], "a header whose name is none"),
      ([("Host", "a"), ("X ", "b")], "a header whose name is none"),
      ([("Host", "a"), ("X:Y", "b")], "a header whose name is none"),
      ([("Host", "a"), ("Ä", "b")], "a header whose name is none"),
    ] as [([(String, String)], String)])
  func refuses(fields: [(String, String)], problem: String) throws {
    let refused = try #require(refusal(fields))
    #expect(refused.status == 400)
    #expect(refused.message.hasSuffix(problem))
  }

  @Test func sizes() {
    let host = [("Host", "a")]
    #expect(refusal(host + Array(repeating: ("x", "y"), count: 99)) == nil)
    #expect(refusal(host + Array(repeating: ("x", "y"), count: 100))?.status == 431)
    let rest = 16384 - ("Host".count + "a".count + 4) - ("x".count + 4)
    #expect(refusal(host + [("x", String(repeating: "y", count: rest))]) == nil)
    #expect(refusal(host + [("x", String(repeating: "y", count: rest + 1))])?.status == 431)
  }

  @Test func requestLine() {
    let host = [("Host", "a")]
    // "POST /… HTTP/1.1"
    let path = "/" + String(repeating: "x", count: 8192 - 15)
    #expect(refusal(host, target: path) == nil)
    #expect(refusal(host, target: path + "x")?.status == 414)
    for target in ["/a b", "/a\0", "/a\r\n", "/a\u{7F}"] {
      #expect(refusal(host, target: target)?.status == 400, "\(target)")
    }
    for method in ["", "GE T", "GET\0"] { #expect(refusal(host, method: method)?.status == 400, "\(method)") }
  }
}
