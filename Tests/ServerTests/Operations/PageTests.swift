import Darkroom
import Server
import Testing

@Suite struct PageTests {
  private static let browser: HTTPHeaders = ["accept": "text/html,application/xhtml+xml,*/*;q=0.8"]

  @Test func aBrowserGetsThePageAndAllThatItNames() async throws {
    let stage = try Stage(keys: KeyRing(keys: ["key"]))
    let page = await stage.get("/", headers: Self.browser)
    #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
    let policy = try #require(page.headers["content-security-policy"])
    #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe"))
    var names: Set<String> = []
    for part in String(decoding: page.bytes, as: UTF8.self).split(separator: "/page/").dropFirst() {
      names.insert(String(part.prefix { $0 != "\"" }))
    }
    #expect(names.isSuperset(of: ["style.css", "icon.svg", "theme.js", "page.js", "api.js"]))
    var bytes = page.bytes.count
    let types = [
      "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    ]
    for name in names.sorted() {
      let file = await stage.get("/page/\(name)", headers: ["accept-encoding": "gzip"])
      #expect(file.status == 200 && file.headers["content-encoding"] == "gzip", "\(name)")
      #expect(file.headers["content-type"] == types[String(name.split(separator: ".").last ?? "")], "\(name)")
      bytes += file.bytes.count
    }
    #expect(bytes < 100_000, "a first load is quick")
    #expect(await stage.get("/page/none.js").status == 404)
  }

  @Test func everyModuleIsAskedForAtOnce() async throws {
    let stage = try Stage()
    let page = String(decoding: await stage.get("/", headers: Self.browser).bytes, as: UTF8.self)
    let modules = page.split(separator: "/page/").dropFirst().map { String($0.prefix { $0 != "\"" }) }
      .filter { $0.hasSuffix(".js") }
    for module in modules {
      let text = String(decoding: await stage.get("/page/\(module)").bytes, as: UTF8.self)
      for part in text.split(separator: "from \"./").dropFirst() {
        let name = String(part.prefix { $0 != "\"" })
        #expect(modules.contains(name), "\(module) imports \(name), which the page does not name")
      }
    }
  }

  @Test func whatTheBrowserHasIsNotSentAgain() async throws {
    let stage = try Stage()
    let first = await stage.get("/page/page.js")
    let tag = try #require(first.headers["etag"])
    #expect(first.headers["cache-control"] == "no-cache" && first.headers["content-encoding"] == nil)
    let again = await stage.get("/page/page.js", headers: ["if-none-match": "\"other\", W/\(tag)"])
    #expect(again.status == 304 && again.bytes.isEmpty && again.headers["etag"] == tag)
    let other = await stage.get(
      "/page/page.js", headers: ["if-none-match": tag, "accept-encoding": "br, gzip"])
    #expect(other.status == 200 && other.headers["etag"] != tag, "compressed it is another file")
    let refused = await stage.get("/page/page.js", headers: ["accept-encoding": "gzip;q=0"])
    #expect(refused.headers["content-encoding"] == nil)
  }

  @Test(arguments: ["*/*", "application/json", nil]) func programsGetTheModelsName(_ accept: String?)
    async throws
  {
    let stage = try Stage()
    let answer = await stage.get("/", headers: accept.map { ["accept": $0] } ?? [:])
    #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
    #expect(answer.text("model") == Known.model.name && answer.text("upscaler") == "lanczos")
  }
}
