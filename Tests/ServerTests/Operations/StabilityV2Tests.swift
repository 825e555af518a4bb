import Darkroom
import Server
import Testing

@Suite struct StabilityV2Tests {
  private static let core = "/v2beta/stable-image/generate/core"

  @Test func aFormGivesAPicture() async throws {
    let stage = try Stage()
    // Python's requests sends an empty file so that the body becomes a form.
    let answer = await stage.form(
      Self.core,
      [
        ("none", .file([])), ("prompt", "a heart"), ("output_format", "webp"), ("seed", "5"),
        ("aspect_ratio", "16:9"), ("style_preset", "anime"), ("mode", "x"),
      ], headers: ["accept": "image/*"])
    #expect(answer.status == 200 && answer.headers["content-type"] == "image/webp")
    #expect(answer.headers["seed"] == "5" && answer.headers["finish-reason"] == "SUCCESS")
    #expect(answer.headers["x-darkroom-ignored"] == "mode")
    let request = try #require(stage.drawings.first)
    #expect(request.prompt.hasPrefix("a heart, ") && request.prompt.contains("anime"))
    #expect((request.width, request.height) == (352, 192))
  }

  @Test func jsonIsTheAnswerToWhoAsksForIt() async throws {
    let answer = try await Stage().form(
      Self.core, [("prompt", "a"), ("seed", "5")], headers: ["accept": "application/json"])
    #expect(answer.headers["content-type"] == "application/json; type=image/png")
    #expect(answer.text("image") == "AQEB" && answer.text("seed") == "5")
    #expect(answer.text("finish_reason") == "SUCCESS")
    // Clients take any answer with such a key for a failure.
    #expect(answer.field("errors") == nil && answer.field("artifacts") == nil)
  }

  @Test func aBodyOfJSONIsTakenToo() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.core,
      #"{"prompt": "a", "width": 320, "height": 256, "steps": 12, "cfg_scale": 3.5, "samples": 2, "seed": 5}"#
    )
    #expect(answer.status == 200 && answer.text("status") == "success")
    for key in ["base64", "binary"] { #expect(answer.text("artifacts", "1", key) == "AQEB") }
    #expect(answer.text("artifacts", "0", "type") == "image")
    let request = try #require(stage.drawings.first)
    #expect((request.width, request.height, request.steps, request.guidanceScale) == (320, 256, 12, 3.5))
    #expect(await stage.json(Self.core, #"{"prompt": "a", "engine": "none"}"#).status == 404)
  }

  @Test func otherBodiesAreNotTaken() async throws {
    let stage = try Stage()
    let answer = await stage.reception.answer(
      HTTPRequest(
        "POST", Self.core,
        headers: ["host": "localhost", "content-type": "application/x-www-form-urlencoded"],
        body: Array("prompt=a".utf8)))
    #expect(answer.status == 400)
    #expect(answer.text("errors", "0") == "content-type: must be multipart/form-data")
  }

  @Test(
    arguments: [
      ("core", [], "prompt: is required"),
      ("core", [("prompt", "a"), ("aspect_ratio", "1:9")], "aspect_ratio: must be one of"),
      ("core", [("prompt", "a"), ("output_format", "gif")], "output_format: must be one of png, jpeg, webp"),
      ("core", [("prompt", "a"), ("seed", "-2")], "seed: must be between -1 and 4294967294"),
      ("sd3", [("prompt", "a"), ("mode", "image-to-image")], "image: is required"),
      ("sd3", [("prompt", "a"), ("model", "none")], "model: must be one of"),
    ] as [(String, [(String, FormValue)], String)])
  func whatIsNotPossibleIsNamed(
    _ name: String, _ fields: [(String, FormValue)], _ message: String
  ) async throws {
    let answer = try await Stage().form("/v2beta/stable-image/generate/\(name)", fields)
    #expect(answer.status == 400 && answer.text("name") == "bad_request")
    #expect(answer.text("errors", "0")?.hasPrefix(message) == true, "\(answer.text("errors") ?? "")")
  }

  @Test func startingFromAPictureNeedsAStrength() async throws {
    let stage = try Stage()
    let picture = ("image", FormValue.file(try png(width: 100, height: 70)))
    let path = "/v2beta/stable-image/generate/sd3"
    let fields = [("prompt", "a" as FormValue), ("mode", "image-to-image"), picture]
    #expect(await stage.form(path, fields).text("errors", "0") == "strength: is required with image")
    #expect(await stage.form(path, fields + [("strength", "0.5")]).status == 200)
    let request = try #require(stage.drawings.first)
    #expect((request.width, request.height, request.strength) == (104, 72, 0.5))
  }

  @Test func outpaintingGivesTheSizeThatWasAskedFor() async throws {
    let stage = try Stage()
    let picture = ("image", FormValue.file(try png(width: 70, height: 65)))
    let path = "/v2beta/stable-image/edit/outpaint"
    #expect(await stage.form(path, [picture, ("left", "10"), ("top", "3")]).status == 200)
    let order = try #require(stage.ordered.first)
    #expect(order.output.part == Order.Output.Part(left: 6, top: 5, width: 80, height: 68))
    let request = try #require(stage.drawings.first)
    #expect((request.width, request.height) == (88, 80))
    let answer = await stage.form(path, [picture])
    #expect(answer.text("errors", "0") == "left: left, right, up or down must be above 0")
  }

  @Test func aMaskOrTransparencySaysWhatIsDrawnAnew() async throws {
    let stage = try Stage()
    let fields = [("image", FormValue.file(try png())), ("prompt", "a" as FormValue)]
    let path = "/v2beta/stable-image/edit/inpaint"
    #expect(await stage.form(path, fields).text("errors", "0")?.hasPrefix("mask: is required") == true)
    #expect(await stage.form(path, fields + [("mask", .file(try png(width: 32)))]).status == 200)
    let request = try #require(stage.drawings.first)
    #expect((request.growMask, request.inpaintArea) == (5, .masked))
  }

  @Test func upscalingTakesWhatIsHosted() async throws {
    let stage = try Stage()
    let path = "/v2beta/stable-image/upscale/"
    let small = ("image", FormValue.file(try png(width: 16, height: 16)))
    #expect(await stage.form(path + "fast", [small]).status == 400)
    let wide = ("image", FormValue.file(try png(width: 300, height: 100)))
    let answer = await stage.form(path + "conservative", [wide, ("prompt", "a")])
    #expect(answer.text("errors", "0")?.contains("1:2.5 and 2.5:1") == true)
    let picture = ("image", FormValue.file(try png(width: 100, height: 100)))
    #expect(await stage.form(path + "conservative", [picture, ("prompt", "a")]).status == 200)
    guard case .upscaling(let request)? = stage.ordered.last?.work else {
      Issue.record("no upscaling")
      return
    }
    #expect(request.method == .conservative && request.redrawing?.creativity == 0.35)
    #expect(request.scale == 20.48, "four megapixels")
  }

  @Test func aResultIsAskedForByItsName() async throws {
    let stage = try Stage()
    let picture = ("image", FormValue.file(try png()))
    let begun = await stage.form(
      "/v2beta/stable-image/upscale/creative", [picture, ("prompt", "a"), ("creativity", "0.2")])
    let id = try #require(begun.text("id"))
    #expect(id.count == 64)
    var answer = await stage.get("/v2beta/results/\(id)")
    for _ in 0..<100 where answer.status == 202 {
      try await Task.sleep(for: .milliseconds(10))
      answer = await stage.get("/v2beta/results/\(id)")
    }
    #expect(answer.status == 200 && answer.bytes == [1, 1, 1])
    let other = await stage.get("/v2beta/results/\(String(id.reversed()))")
    #expect(other.status == 404 && other.text("name") == "generation_not_found")
    #expect(other.text("errors", "0") == "id: the generation either does not exist or has expired.")
  }

  @Test func aResultThatIsNotThereYetSaysSo() async throws {
    let stage = try Stage(draws: false)
    let begun = await stage.form(
      "/v2beta/stable-image/upscale/creative", [("image", .file(try png())), ("prompt", "a")])
    let answer = await stage.get("/v2beta/results/\(begun.text("id") ?? "")")
    #expect(answer.status == 202 && answer.text("status") == "in-progress")
  }

  @Test func whatNoModelDoesSaysWhichIsMissing() async throws {
    let answer = try await Stage().form("/v2beta/stable-image/edit/remove-background", [])
    #expect(answer.status == 404)
    #expect(answer.text("errors", "0")?.contains("needs a model that finds the background") == true)
  }
}
