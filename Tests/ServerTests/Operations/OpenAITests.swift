import Darkroom
import FoundationEssentials
import Pictures
import Server
import Testing

@Suite struct OpenAITests {
  private static let generations = "/v1/images/generations"

  private func sent(_ body: String, _ path: String = generations, headers: HTTPHeaders = [:]) async throws
    -> (answer: HTTPResponse, request: GenerationRequest?)
  {
    let stage = try Stage()
    let answer = await stage.json(path, body, headers: headers)
    return (answer, stage.drawings.first?.request)
  }

  @Test func bothAnAddressAndTheBytesAreGiven() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.generations,
      #"{"model": "gpt-image-1", "prompt": "a cat", "n": 2, "user": "me", "style": "vivid"}"#,
      headers: ["host": "127.0.0.1:8000"])
    #expect(answer.status == 200 && answer.headers["x-darkroom-engine"] == Known.model.name)
    let link = try #require(answer.text("data", "1", "url"))
    #expect(link.hasPrefix("http://127.0.0.1:8000/generations/"))
    #expect(await stage.get(String(link.dropFirst("http://127.0.0.1:8000".count))).bytes == [1, 1, 1])
    #expect(answer.text("data", "0", "b64_json") == "AQEB")
    #expect(answer.text("output_format") == "png" && answer.text("size") == "8x8")
    #expect(answer.text("usage", "total_tokens") == "0" && answer.text("background") == "opaque")
    #expect(answer.field("data", "0", "revised_prompt") == nil)
  }

  @Test(arguments: [("url", "b64_json"), ("b64_json", "url")])
  func oneOfTheTwoIsGivenIfTheClientSaysWhich(_ format: String, _ other: String) async throws {
    let (answer, _) = try await sent("{\"prompt\": \"a cat\", \"response_format\": \"\(format)\"}")
    #expect(answer.field("data", "0", format) != nil && answer.field("data", "0", other) == nil)
  }

  @Test(arguments: [
    "/images/generations", "/openai/v1/images/generations",
    "/openai/deployments/dall-e-3/images/generations",
  ])
  func otherBaseAddressesAreTakenToo(_ path: String) async throws {
    #expect(try await sent(#"{"prompt": "a cat", "model": "anything"}"#, path).answer.status == 200)
  }

  // The built-in model's own side is 256.
  @Test(
    arguments: [
      ("auto", nil, nil), ("1024x1024", 256, 256), ("1792x1024", 352, 192), ("1024x1536", 224, 320),
      ("512x512", 512, 512), ("192x64", 192, 64),
    ] as [(String, Int?, Int?)])
  func hostedSizesAreShapesAndOthersAreExact(_ size: String, _ width: Int?, _ height: Int?) async throws {
    let side = Known.model.description.nativeSide
    let request = try #require(try await sent("{\"prompt\": \"a cat\", \"size\": \"\(size)\"}").request)
    #expect(
      request.width == width ?? side && request.height == height ?? side,
      "\(request.width ?? 0)x\(request.height ?? 0)")
  }

  @Test func widthAndHeightComeBeforeTheSize() async throws {
    let request = try await sent(
      #"{"prompt": "a cat", "size": "1024x1024", "width": 192, "height": 64, "seed": 7, "steps": 3}"#
    ).request
    #expect(request?.width == 192 && request?.height == 64 && request?.seed == 7 && request?.steps == 3)
  }

  @Test(arguments: [("low", 13), ("high", 38), ("hd", 38), ("auto", 25), ("standard", 25)])
  func qualityIsAshareOfTheSteps(_ quality: String, _ steps: Int) async throws {
    let (answer, request) = try await sent("{\"prompt\": \"a cat\", \"quality\": \"\(quality)\"}")
    #expect(request?.steps == steps && answer.text("quality") != "auto")
  }

  @Test func filesHaveAformatAndAquality() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.generations, #"{"prompt": "a cat", "output_format": "webp", "output_compression": 40}"#)
    #expect(stage.ordered.first?.output.format == .webp && stage.ordered.first?.output.quality == 40)
    #expect(
      answer.text("output_format") == "webp" && answer.text("data", "0", "url")?.hasSuffix(".webp") == true)
  }

  @Test(arguments: [
    (#"{"model": "x"}"#, "prompt", "is required"),
    (#"{"prompt": "a cat", "n": 11}"#, "n", "must be between 1 and 10"),
    (#"{"prompt": "a cat", "size": "100x100"}"#, "size", "must be auto, 1024x1024"),
    (#"{"prompt": "a cat", "size": "big"}"#, "size", "must be auto"),
    (#"{"prompt": "a cat", "size": "4096x4096"}"#, "size", "must be auto"),
    (#"{"prompt": "a cat", "background": "transparent"}"#, "background", "must be opaque"),
    (#"{"prompt": "a cat", "partial_images": 4}"#, "partial_images", "must be between 0 and 3"),
    (#"{"prompt": "a cat", "sampler": "none"}"#, "sampler", "must be one of"),
  ])
  func whatIsNotPossibleIsNamed(_ body: String, _ parameter: String, _ message: String) async throws {
    let answer = try await sent(body).answer
    #expect(answer.status == 400 && answer.text("error", "type") == "invalid_request_error")
    #expect(answer.text("error", "param") == parameter)
    let text = answer.text("error", "message") ?? ""
    #expect(text.hasPrefix("\(parameter): \(message)"), "\(text)")
  }

  @Test func errorsHaveTheirCodes() async throws {
    let words = await (try Stage(words: ["cat"])).json(Self.generations, #"{"prompt": "a cat"}"#)
    #expect(words.status == 400 && words.text("error", "code") == "moderation_blocked")
    let stage = try Stage(keys: try KeyRing(keys: ["secret"]))
    let key = await stage.json(Self.generations, #"{"prompt": "a cat"}"#)
    #expect(key.status == 401 && key.text("error", "code") == "invalid_api_key")
    let path = await (try Stage()).json("/v1/chat/completions", "{}")
    #expect(path.status == 404 && path.text("error", "type") == "invalid_request_error")
    #expect(path.field("error", "param") == .null)
  }

  @Test func modelsAreListed() async throws {
    let stage = try Stage()
    let list = await stage.get("/v1/models")
    #expect(list.text("object") == "list" && list.text("data", "0", "id") == Known.model.name)
    #expect(list.text("data", "3", "root") == Known.model.name)
    #expect(await stage.get("/v1/models/dall-e-3").text("id") == "dall-e-3")
    let missing = await stage.get("/models/none")
    #expect(missing.status == 404 && missing.text("error", "code") == "model_not_found")
  }

  // MARK: Pictures that are sent

  /// Whose left half is transparent.
  private func halfTransparent() throws -> [UInt8] {
    try #require(Data(base64Encoded: Self.transparentPNG)).map { $0 }
  }

  /// 64x64 pixels.
  private static let transparentPNG =
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAbElEQVR42u3QAQ0AMAjAMH4h+JdyV1wGCXQGlvREcy+zOv83lgcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACb0AZKWAoNutAFwAAAAAElFTkSuQmCC"

  @Test(arguments: ["image", "image[]"])
  func whatIsTransparentInTheMaskIsDrawnAnew(_ name: String) async throws {
    let stage = try Stage()
    let answer = await stage.form(
      "/v1/images/edits",
      [
        (name, .file(try png())), ("mask", .file(try halfTransparent())), ("prompt", "a cat"),
        ("size", "1024x1024"), ("response_format", "url"), ("n", "1"),
      ])
    #expect(answer.status == 200, "\(answer.text("error", "message") ?? "")")
    let request = try #require(stage.drawings.first?.request)
    #expect(request.mask != nil && request.inpaintArea == .masked)
    #expect(answer.text("data", "0", "b64_json") == nil)
  }

  @Test func aPictureWithTransparentPartsIsItsOwnMask() async throws {
    let stage = try Stage()
    let picture = "data:image/png;base64,\(Self.transparentPNG)"
    let body = "{\"prompt\": \"a cat\", \"images\": [{\"image_url\": \"\(picture)\"}]}"
    #expect(await stage.json("/v1/images/edits", body).status == 200)
    #expect(stage.drawings.first?.request.mask != nil)
  }

  @Test func aWholePictureIsDrawnAnew() async throws {
    let stage = try Stage()
    let answer = await stage.form(
      "/v1/images/edits",
      [("image", .file(try png(width: 192, height: 128))), ("prompt", "a cat"), ("size", "128x64")])
    #expect(answer.status == 200)
    let request = try #require(stage.drawings.first?.request)
    #expect(request.mask == nil && request.width == 128 && request.height == 64)
  }

  @Test func picturesThatAreNotPossibleAreNamed() async throws {
    func message(_ fields: [(String, FormValue)]) async throws -> String {
      let answer = await (try Stage()).form("/v1/images/edits", [("prompt", "a cat")] + fields)
      #expect(answer.status == 400)
      return answer.text("error", "message") ?? ""
    }
    let picture = FormValue.file(try png())
    #expect(try await message([]) == "image: is required")
    #expect(
      try await message([("image[]", picture), ("image[]", picture)]).hasPrefix("image: must be one picture"))
    #expect(
      try await message([("image", picture), ("mask", picture)]).hasPrefix("mask: must be transparent"))
    let other = FormValue.file(try png(width: 128))
    #expect(try await message([("image", other), ("mask", picture)]).hasPrefix("mask: is 64x64; must have"))
  }

  @Test func aVariationKeepsToThePicture() async throws {
    let stage = try Stage()
    let answer = await stage.form("/v1/images/variations", [("image", .file(try png())), ("n", "2")])
    #expect(answer.status == 200 && answer.field("data", "1", "url") != nil)
    let request = try #require(stage.drawings.first?.request)
    #expect(request.prompt.isEmpty && request.guidanceScale == 1 && request.strength == 0.6)
    let told = try Picture(width: 64, height: 64, pixels: [UInt8](repeating: 9, count: 64 * 64 * 3)).encoded(
      as: .png, metadata: PictureMetadata(parameters: "a red heart\nSteps: 20, Sampler: Euler, Seed: 3"))
    _ = await stage.form("/v1/images/variations", [("image", .file(told))])
    #expect(stage.drawings.last?.request.prompt == "a red heart")
  }

  // MARK: Events

  private func events(_ response: HTTPResponse) async -> [(name: String, data: [String: FieldValue])] {
    guard case .stream(let pieces) = response.body else { return [] }
    var text = ""
    for await piece in pieces { text += String(decoding: piece, as: UTF8.self) }
    return text.split(separator: "\n\n").map { event in
      let lines = event.split(separator: "\n")
      guard case .object(let data)? = try? StrictJSON.value(Array((lines.last ?? "").dropFirst(6).utf8))
      else {
        return (String(event), [:])
      }
      return (String((lines.first ?? "").dropFirst("event: ".count)), data)
    }
  }

  @Test func previewsAreSpreadOverTheSteps() async throws {
    let stage = try Stage(draws: false)
    let answer = await stage.json(
      Self.generations, #"{"prompt": "a cat", "stream": true, "partial_images": 2, "n": 1}"#)
    let batch = try #require(await stage.queue.next())
    for step in 1...9 {
      let preview = GenerationPreview(
        index: 0, together: 0..<1, step: step, steps: 9, width: 16, height: 16,
        pixels: [UInt8](repeating: UInt8(step), count: 16 * 16 * 3), pictureWidth: 128, pictureHeight: 128)
      stage.queue.tell(.preview(preview), of: batch)
    }
    stage.queue.tell(.picture(picture(0)), of: batch)
    stage.queue.tell(.finished, of: batch)
    let events = await events(answer)
    #expect(
      events.map(\.name) == [
        "image_generation.partial_image", "image_generation.partial_image", "image_generation.completed",
      ])
    let first = events[0].data
    #expect(first["type"]?.plain == events[0].name && first["partial_image_index"] == 0)
    #expect(first["size"] == "128x128" && first["output_format"] == "png" && first["created_at"] != nil)
    let bytes = try #require(Data(base64Encoded: first["b64_json"]?.plain ?? ""))
    let shown = try Picture.decode(Array(bytes))
    #expect(shown.width == 128 && shown.pixels[0] == 3, "a third of the steps are done")
    #expect(events[2].data["b64_json"] == "AQEB" && events[2].data["usage"] != nil)
  }

  @Test func aFaultEndsTheStream() async throws {
    let stage = try Stage(draws: false)
    let answer = await stage.json(Self.generations, #"{"prompt": "a cat", "stream": true}"#)
    let batch = try #require(await stage.queue.next())
    stage.queue.tell(.failed(DarkroomError(.filtered, "flagged")), of: batch)
    let events = await events(answer)
    #expect(events.map(\.name) == ["error"])
    guard case .object(let error)? = events.first?.data["error"] else { return #expect(Bool(false)) }
    #expect(error["code"] == "moderation_blocked")
  }

  // MARK: Second tries

  @Test func aSecondTryGetsTheResultOfTheFirst() async throws {
    let stage = try Stage()
    let body = #"{"prompt": "a cat"}"#
    func seed(_ retry: String?) async throws -> UInt64? {
      var headers: HTTPHeaders = [:]
      headers["x-stainless-retry-count"] = retry
      _ = await stage.json(Self.generations, body, headers: headers)
      return stage.drawings.last?.request.seed
    }
    let first = try #require(try await seed("0"))
    #expect(try await seed("1") == first && stage.ordered.count == 1, "it is the kept result")
    #expect(try await seed("0") != first && stage.ordered.count == 2, "a new request is drawn anew")
  }

  @Test func aJobWaitsForAClientWhoseTimeIsOver() async throws {
    let stage = try Stage(draws: false, secondTries: SecondTries(patience: .seconds(3600)))
    func ask(_ retry: String) -> Task<HTTPResponse, Never> {
      Task {
        await stage.json(
          Self.generations, #"{"prompt": "a cat"}"#,
          headers: ["x-stainless-retry-count": retry, "x-stainless-read-timeout": "1.0"])
      }
    }
    let first = ask("0")
    while stage.queue.load.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
    try await Task.sleep(for: .milliseconds(1100))
    first.cancel()
    _ = await first.value
    #expect(stage.queue.load.waiting == 1, "the job goes on")
    let second = ask("1")
    try await Task.sleep(for: .milliseconds(100))
    #expect(stage.queue.load.waiting == 1, "the second try has joined it")
    let batch = try #require(await stage.queue.next())
    stage.queue.tell(.picture(picture(0)), of: batch)
    stage.queue.tell(.finished, of: batch)
    #expect(await second.value.status == 200)
  }
}
