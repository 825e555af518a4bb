import Darkroom
import Server
import Testing

@Suite struct OriginsTests {
  private func status(_ origins: Origins, host: String, origin: String? = nil) -> Int? {
    var headers: HTTPHeaders = ["Host": host]
    if let origin { headers.add("Origin", origin) }
    return origins.refusal(of: headers)?.status
  }

  @Test(arguments: [
    "localhost", "localhost:8000", "LOCALHOST.", "sd.localhost:1", "127.0.0.1:65535", "127.1.2.3", "[::1]",
    "[::1]:8000", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "darkroom.lan", "Darkroom.LAN:80",
  ])
  func takesHosts(host: String) throws {
    #expect(status(try Origins(hosts: ["darkroom.lan"]), host: host) == nil)
  }

  @Test(arguments: [
    ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403),
    ("notlocalhost", 403),
    ("128.0.0.1", 403), ("127.1", 403), ("0177.0.0.1", 403), ("192.168.1.2:8000", 403), ("[::2]", 403),
    ("[::ffff:128.0.0.1]", 403), ("", 400), ("localhost:", 400), ("localhost:x", 400),
    ("localhost:65536", 400),
    ("localhost:+1", 400), ("a:b:1", 400), ("[::1", 400), ("[evil]", 400), ("[127.0.0.1]", 400), ("a b", 400),
    ("a@localhost", 400),
    ("localhost/", 400), ("[::1]x:1", 400),
  ])
  func refusesHosts(host: String, expected: Int) throws {
    #expect(status(try Origins(hosts: ["darkroom.lan"]), host: host) == expected)
  }

  @Test func aPublicServerTakesAllHosts() throws {
    #expect(status(try Origins(hosts: nil), host: "evil.example") == nil)
  }

  @Test(
    arguments: [
      (nil, nil), ("http://localhost:3000", nil), ("https://127.0.0.1", nil), ("http://[::1]:5173", nil),
      ("http://sd.localhost", nil), ("https://studio.example", nil), ("https://studio.example:443", nil),
      ("null", 403), ("https://evil.example", 403), ("http://studio.example", 403),
      ("https://studio.example:8443", 403), ("https://studio.example.evil.example", 403),
      ("http://localhost.evil.example", 403), ("http://localhost@evil.example", 403), ("", 403),
      ("chrome-extension://localhost", 403), ("file://", 403),
    ] as [(String?, Int?)])
  func pages(origin: String?, expected: Int?) throws {
    let origins = try Origins(pages: ["https://studio.example/"])
    #expect(status(origins, host: "localhost:8000", origin: origin) == expected)
  }

  @Test func pagesOfTheServerItself() throws {
    let origins = try Origins(hosts: nil)
    #expect(status(origins, host: "192.168.1.2:8000", origin: "http://192.168.1.2:8000") == nil)
    #expect(status(origins, host: "192.168.1.2:8000", origin: "http://192.168.1.2:8001") == 403)
    #expect(status(origins, host: "studio.example", origin: "https://studio.example") == nil)
  }

  @Test func allPages() throws {
    let origins = try Origins(pages: ["*"])
    for origin in ["null", "https://evil.example", "chrome-extension://abc"] {
      #expect(status(origins, host: "localhost", origin: origin) == nil)
    }
    var response = HTTPResponse(200)
    origins.expose(&response, to: ["Origin": "null"])
    #expect(response.headers["access-control-allow-origin"] == "*")
    #expect(response.headers["access-control-allow-credentials"] == nil)
  }

  @Test func flagsThatAreNone() {
    #expect(throws: DarkroomError.self) { try Origins(hosts: ["http://a"]) }
    #expect(throws: DarkroomError.self) { try Origins(hosts: ["a:80"]) }
    for page in ["a.example", "https://a.example/path", "https://", "null", ""] {
      #expect(throws: DarkroomError.self, "\(page)") { try Origins(pages: [page]) }
    }
  }

  @Test func preflight() throws {
    let origins = try Origins()
    var request = HTTPRequest("OPTIONS", "/v1/engines/list", headers: ["Origin": "http://localhost:3000"])
    #expect(origins.preflight(request) == nil)
    request.headers.add("Access-Control-Request-Method", "POST")
    request.headers.add("Access-Control-Request-Headers", "Authorization, X-Stainless-Lang,a b,,x\u{0}")
    let response = try #require(origins.preflight(request))
    #expect(response.status == 204 && response.bytes.isEmpty)
    #expect(response.headers["access-control-allow-origin"] == "http://localhost:3000")
    #expect(response.headers["vary"] == "Origin")
    #expect(response.headers["access-control-allow-methods"] == "GET, POST, OPTIONS")
    let allowed = try #require(response.headers["access-control-allow-headers"]).split(separator: ", ")
    for name in ["authorization", "content-type", "x-grpc-web", "grpc-timeout", "organization"] {
      #expect(allowed.filter { $0 == name }.count == 1, "\(name)")
    }
    #expect(allowed.suffix(1) == ["x-stainless-lang"])
    #expect(response.headers["access-control-allow-private-network"] == nil)
    request.method = "POST"
    #expect(origins.preflight(request) == nil)
  }

  @Test func pagesReadHeaders() throws {
    let origins = try Origins()
    var response = HTTPResponse(200)
    origins.expose(&response, to: [:])
    #expect(response.headers.fields.isEmpty)
    origins.expose(&response, to: ["Origin": "http://localhost:3000"])
    #expect(response.headers["access-control-allow-origin"] == "http://localhost:3000")
    let exposed = try #require(response.headers["access-control-expose-headers"])
    #expect(
      exposed
        == "seed, finish-reason, x-request-id, grpc-status, grpc-message, x-darkroom-engine, x-darkroom-ignored, retry-after"
    )
  }
}
