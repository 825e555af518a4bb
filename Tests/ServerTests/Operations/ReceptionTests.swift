import Darkroom
import Server
import Testing

@Suite struct ReceptionTests {
  private static let v1 = "/v1/generation/stable-diffusion-v1-6/text-to-image"
  private static let v2 = "/v2beta/stable-image/generate/core"
  private static let prompt = #"{"text_prompts": [{"text": "a"}], "seed": 1}"#

  @Test func creditsRunOutInEachApisWay() async throws {
    let stage = try Stage(credits: 3)
    let fields = [("prompt", "a" as FormValue)]
    #expect(await stage.form(Self.v2, fields).status == 200)
    let second = await stage.form(Self.v2, fields)
    #expect(second.status == 402 && second.text("name") == "payment_required")
    let first = await stage.json(Self.v1, Self.prompt)
    #expect(first.status == 429 && first.text("name") == "insufficient_balance")
    #expect(await stage.get("/v1/user/balance").text("credits") == "0")
  }

  @Test func theLastCreditsAreEnough() async throws {
    // 0.6 less 0.2 and 0.2 is below 0.2 in binary fractions.
    let stage = try Stage(credits: 0.6)
    for seed in 1...3 {
      #expect(await stage.json(Self.v1, #"{"prompt": "a", "seed": \#(seed)}"#).status == 200)
    }
    #expect(await stage.get("/v1/user/balance").text("credits") == "0")
  }

  @Test func whatIsRefusedCostsNothing() async throws {
    let stage = try Stage(credits: 3)
    #expect(await stage.form(Self.v2, [("prompt", "a"), ("seed", "-9")]).status == 400)
    #expect(await stage.form(Self.v2, [("prompt", "a"), ("engine", "none")]).status == 404)
    #expect(await stage.get("/v1/user/balance").text("credits") == "3")
  }

  @Test func tooManyRequestsAreToldToWait() async throws {
    let stage = try Stage(rate: 1e-6)
    #expect(await stage.get("/v1/user/balance").status == 200)
    let answer = await stage.get("/v1/user/balance")
    #expect(answer.status == 429 && answer.text("name") == "rate_limit_exceeded")
    #expect(answer.headers["retry-after"].flatMap { Int($0) } ?? 0 > 900_000)
    #expect(await stage.get("/health").status == 200, "what anybody may know is not counted")
  }

  @Test func wordsThatAreNotAllowedAreRefusedInEachApisWay() async throws {
    let stage = try Stage(words: ["Forbidden Thing"])
    let second = await stage.form(Self.v2, [("prompt", "the forbidden, thing")])
    #expect(second.status == 403 && second.text("name") == "content_moderation")
    let body = #"{"text_prompts": [{"text": "a"}, {"text": "forbidden thing", "weight": 0.1}]}"#
    let first = await stage.json(Self.v1, body)
    #expect(first.status == 400 && first.text("name") == "invalid_prompts")
    #expect(await stage.form(Self.v2, [("prompt", "forbidden things")]).status == 200)
  }

  @Test func picturesThatAreFilteredSaySo() async throws {
    let stage = try Stage(filtered: true)
    #expect(
      await stage.form(Self.v2, [("prompt", "a")]).headers["finish-reason"] == "CONTENT_FILTERED")
    let answer = await stage.json(Self.v1, Self.prompt)
    #expect(answer.text("artifacts", "0", "finishReason") == "CONTENT_FILTERED")
  }

  @Test func anIdenticalRequestIsNotDrawnAgain() async throws {
    let stage = try Stage()
    for _ in 0..<3 { #expect(await stage.json(Self.v1, Self.prompt).status == 200) }
    #expect(stage.ordered.count == 1)
    _ = await stage.json(Self.v1, Self.prompt, headers: ["cache-control": "no-store"])
    #expect(stage.ordered.count == 2)
    // Without a seed each has its own.
    for _ in 0..<2 { _ = await stage.json(Self.v1, #"{"text_prompts": [{"text": "a"}]}"#) }
    #expect(stage.ordered.count == 4)
  }

  @Test func hostsAndPagesOfOthersAreRefused() async throws {
    let stage = try Stage()
    #expect(
      await stage.json(Self.v1, Self.prompt, headers: ["host": "evil.example"]).status == 403)
    let answer = await stage.json(
      Self.v1, Self.prompt, headers: ["host": "localhost", "origin": "https://evil.example"])
    #expect(answer.status == 403 && answer.headers["access-control-allow-origin"] == nil)
    #expect(stage.ordered.isEmpty)
  }

  @Test func pathsAndMethodsThatAreNotServed() async throws {
    let stage = try Stage()
    let unknown = await stage.get("/v2beta/stable-image/generate/cores")
    #expect(unknown.status == 404 && unknown.text("errors", "0")?.contains("generate/core") == true)
    let wrong = await stage.get(Self.v2)
    #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
  }

  @Test func aBodyThatIsTooLargeIsRefusedInEachApisWay() async throws {
    let stage = try Stage()
    let request = HTTPRequest("POST", Self.v2, headers: ["host": "localhost"])
    let answer = await stage.reception.answer(request, isTooLarge: true)
    #expect(answer.status == 413)
    #expect(answer.text("errors", "0") == "body: payloads cannot be larger than 10MiB in size")
  }

  @Test func aPictureThatIsNoneIsNamedAsItWasSent() async throws {
    let stage = try Stage()
    let answer = await stage.form(
      "/v1/generation/stable-diffusion-v1-6/image-to-image",
      [("init_image", .file(Array("no picture".utf8))), ("text_prompts[0][text]", "a")])
    #expect(answer.status == 400)
    #expect(answer.text("message") == "init_image: not a picture: expected PNG, JPEG or WebP")
    let other = await stage.form(
      "/v2beta/stable-image/upscale/fast", [("image", .file(Array("no picture".utf8)))])
    #expect(other.text("message") == "image: not a picture: expected PNG, JPEG or WebP")
  }

  @Test func everythingThatIsServedIsDescribed() async throws {
    let stage = try Stage()
    let document = await stage.get("/openapi.json")
    for operation in Operation.all {
      #expect(
        document.field("paths", operation.path, operation.method.rawValue.lowercased(), "summary") != nil)
    }
    let path = "/v1/generation/{engine_id}/text-to-image"
    #expect(
      document.text(
        "paths", path, "post", "requestBody", "content", "application/json", "schema", "properties", "steps",
        "maximum") == "150")
    // As each API writes refusals.
    func refused(_ path: String, _ status: String, _ key: String) -> Bool {
      document.field(
        "paths", path, "post", "responses", status, "content", "application/json", "schema", "properties", key
      )
        != nil
    }
    #expect(refused(path, "429", "message") && !refused(path, "402", "message"))
    #expect(refused(Self.v2, "402", "errors"))
  }

  @Test func figuresAreWrittenForPrometheus() async throws {
    let stage = try Stage()
    _ = await stage.json(Self.v1, Self.prompt)
    let text = String(decoding: await stage.get("/metrics").bytes, as: UTF8.self)
    #expect(text.contains("# TYPE darkroom_queue_jobs gauge\ndarkroom_queue_jobs 0\n"))
  }
}
