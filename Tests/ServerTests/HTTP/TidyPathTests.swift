import Server
import Testing

@Suite struct TidyPathTests {
  @Test(arguments: [
    ("/", "/"), ("//", "/"), ("/v1/engines/list", "/v1/engines/list"),
    ("//v1//engines/list//", "/v1/engines/list"),
    ("/v1/v1/engines/list", "/v1/engines/list"), ("/v1/v1/v1/user/balance", "/v1/user/balance"),
    ("/v2beta/v2beta/results/a", "/v2beta/results/a"), ("/v1/v2beta/results/a", "/v2beta/results/a"),
    ("/v2beta/v1/user/balance", "/v1/user/balance"), ("/v1alpha/user/balance", "/v1/user/balance"),
    ("/v1beta/v1/user/balance", "/v1/user/balance"), ("/v1/v1alpha/user", "/v1/user"), ("/v1", "/v1"),
    ("/health", "/health"), ("/v1/generation/a%20b/text-to-image", "/v1/generation/a b/text-to-image"),
    ("/v1/generation/%E9%9B%A8", "/v1/generation/雨"), ("/v1/generation/v1/x", "/v1/generation/v1/x"),
    ("/%76%31/user", "/v1/user"), ("/a%252Fb", "/a%2Fb"), ("/a..b", "/a..b"),
    ("/sdapi/v1/sdapi/v1/txt2img", "/sdapi/v1/txt2img"), ("/v1/sdapi/v1/options", "/sdapi/v1/options"),
    ("/sdapi/v1", "/sdapi/v1"), ("/v1/engines/sdapi/v1", "/v1/engines/sdapi/v1"),
  ])
  func tidies(path: String, expected: String) throws {
    #expect(try TidyPath.path(path) == expected)
  }

  @Test(arguments: [
    ("", "the path: expected / in front"), ("v1/user", "the path: expected / in front"),
    ("*", "the path: expected / in front"), ("/a%", "byte 1: expected two hexadecimal digits after %"),
    ("/a/%2", "byte 3: expected two hexadecimal digits after %"),
    ("/a/%zz", "byte 3: expected two hexadecimal digits after %"),
    ("/%+1", "byte 1: expected two hexadecimal digits after %"),
    ("/a%2Fb", "byte 1: an encoded slash or control character"),
    ("/a%00", "byte 1: an encoded slash or control character"),
    ("/a%0d%0a", "byte 1: an encoded slash or control character"), ("/a%FF", "byte 1: is not UTF-8"),
    ("/v1/../etc", "byte 4: expected a name, found .."), ("/v1/%2e%2E", "byte 4: expected a name, found .."),
    ("/./v1", "byte 1: expected a name, found ."),
  ])
  func refuses(path: String, problem: String) {
    #expect {
      _ = try TidyPath.path(path)
    } throws: { error in
      guard let refusal = error as? HTTPRefusal else { return false }
      return refusal.status == 400 && refusal.message.hasSuffix(problem)
    }
  }
}
