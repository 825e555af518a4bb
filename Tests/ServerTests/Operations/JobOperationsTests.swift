import Darkroom
import FoundationEssentials
import Pictures
import Server
import Testing

@Suite struct JobOperationsTests {
  /// The names of the events that a stream tells, and their data.
  private func events(_ response: HTTPResponse) async -> [(name: String, data: FieldValue)] {
    guard case .stream(let pieces) = response.body else { return [] }
    var text = ""
    for await piece in pieces { text += String(decoding: piece, as: UTF8.self) }
    return text.split(separator: "\n\n").map { event in
      let lines = event.split(separator: "\n")
      let data = try? StrictJSON.value(Array((lines.last ?? "").dropFirst("data: ".count).utf8))
      return (String((lines.first ?? "").dropFirst("event: ".count)), data ?? .null)
    }
  }

  private func fields(_ value: FieldValue?) -> [String: FieldValue] {
    if case .object(let fields)? = value { fields } else { [:] }
  }

  @Test func aJobIsFollowedToItsPictures() async throws {
    let stage = try Stage()
    let begun = await stage.json(
      "/jobs/draw",
      #"{"prompt": "a cat", "steps": 3, "seed": 5, "count": 2, "mask_blur": null, "format": "webp"}"#)
    #expect(begun.status == 202)
    let events = await events(await stage.get(try #require(begun.text("events"))))
    #expect(events.map(\.name).suffix(3) == ["picture", "picture", "finished"])
    let made = fields(events.first { $0.name == "picture" }?.data)
    #expect(made["seed"] == 5 && made["format"] == "webp")
    let request = try #require(stage.drawings.first)
    #expect((request.prompt, request.steps, request.count) == ("a cat", 3, 2))
    // The picture lies at its link, for this and other doors.
    let link = try #require(made["link"]?.plain)
    let file = await stage.get(link)
    #expect(file.status == 200 && file.bytes == [1, 1, 1] && file.headers["content-type"] == "image/webp")
    let id = try #require(begun.text("id"))
    #expect(await stage.get("/jobs/\(id)").text("state") == "done")
    let again = await self.events(await stage.get("/jobs/\(id)/events"))
    #expect(again.map(\.name) == ["picture", "picture", "finished"], "it is told again while it is kept")
    #expect(again.first.map { fields($0.data)["link"] } == made["link"], "at the same link")
    #expect(await stage.get("/jobs/0/events").status == 404)
    #expect(await stage.get("/generations/0.png").status == 404)
  }

  @Test func aPlaceInTheQueueIsTold() async throws {
    let stage = try Stage(draws: false)
    let first = await stage.json("/jobs/draw", #"{"prompt": "a cat", "seed": 1}"#)
    let second = await stage.json("/jobs/draw", #"{"prompt": "a cat", "seed": 2}"#)
    let id = try #require(second.text("id"))
    let list = await stage.get("/jobs")
    #expect(list.text("jobs", "0", "ahead") == "0" && list.text("jobs", "1", "ahead") == "1")
    #expect(list.text("jobs", "1", "id") == id && list.text("jobs", "1", "door") == "darkroom")
    #expect(await stage.json("/jobs/\(id)/cancel", "{}").status == 200)
    #expect(await stage.json("/jobs/\(id)/cancel", "{}").status == 404)
    let ended = await events(await stage.get("/jobs/\(id)/events"))
    #expect(ended.map(\.name) == ["failed"])
    #expect(await stage.get("/jobs").text("jobs", "0", "id") == first.text("id"))
  }

  @Test func whoDidNotBeginAJobCannotEndIt() async throws {
    let stage = try Stage(draws: false)
    let order = try order("a cat", client: "somebody")
    let job = try await stage.queue.submit(order)
    #expect(await stage.json("/jobs/\(job.id)/cancel", "{}").status == 404)
    #expect(await stage.get("/jobs").field("jobs", "0", "id") == nil, "names are for those who know them")
    // An identical order joins it, and leaves it to the other.
    _ = try await stage.queue.submit(
      {
        var same = order; same.client = "test"; return same
      }())
    #expect(stage.queue.cancel(job.id, for: "test"))
    #expect(stage.queue.jobs.map(\.id) == [job.id])
    #expect(stage.queue.cancel(job.id, for: "somebody"))
    #expect(stage.queue.jobs.isEmpty)
  }

  @Test(arguments: [
    (#"{"prompt": "a cat", "steps": 0}"#, "steps: "),
    (#"{"prompt": "a cat", "width": "wide"}"#, "width: "),
    (#"{"prompt": "a cat", "upscaler": "/etc/passwd"}"#, "upscaler: must be one of lanczos"),
    (#"{"prompt": "a cat", "init": "/etc/passwd"}"#, "init: "),
    (#"{"prompt": "a cat", "init": "https://example.org/a.png"}"#, "init: fetching URLs is off"),
    (#"{"prompt": "a cat", "init": "http://localhost/generations/0.png"}"#, "init: no picture is at"),
    (#"{"prompt": "a cat", "model": "none"}"#, "model: none was not found; known are"),
    (#"{"prompt": "a cat", "style": "none"}"#, "style: must be one of"),
  ])
  func whatIsNotPossibleIsNamed(_ body: String, _ message: String) async throws {
    let answer = await (try Stage()).json("/jobs/draw", body)
    #expect(answer.status == 400)
    #expect(answer.text("message")?.hasPrefix(message) == true, "\(answer.text("message") ?? "")")
  }

  @Test func aPictureOfThisServerIsTakenByItsLink() async throws {
    let stage = try Stage()
    var made = picture(0)
    made.bytes = try png(width: 128, height: 128)
    let path = stage.premises.links.path(to: made)
    let answer = await stage.json(
      "/jobs/draw", #"{"prompt": "a cat", "strength": 0.5, "init": "https://any.host:1\#(path)"}"#)
    #expect(answer.status == 202)
    _ = await events(await stage.get(try #require(answer.text("events"))))
    #expect(try stage.drawings.first?.request.initPicture?.size("init").width == 128)
  }

  @Test func aPathThatIsWrittenOutStandsAboveOneWithBraces() async throws {
    let answer = await (try Stage()).get("/jobs/draw")
    #expect(answer.status == 405 && answer.headers["allow"] == "POST")
  }

  @Test func slashesDivideWhateverFollowsThem() async throws {
    // A mark that joins the character before it.
    let answer = await (try Stage()).get("/generations/\u{301}.png")
    #expect(answer.status == 404 && answer.text("message")?.hasPrefix("there is no picture") == true)
  }

  @Test func picturesAreEnlarged() async throws {
    let stage = try Stage()
    let body = "\"picture\": \"\(try png().base64)\""
    let answer = await stage.json("/jobs/upscale", "{\(body), \"method\": \"lanczos\", \"scale\": 2}")
    #expect(answer.status == 202)
    _ = await events(await stage.get(try #require(answer.text("events"))))
    guard case .upscaling(let request)? = stage.ordered.first?.work else {
      Issue.record("nothing was enlarged")
      return
    }
    #expect(request.method == .lanczos && request.scale == 2)
  }

  @Test func whatAPictureTellsIsRead() async throws {
    let stage = try Stage()
    let text = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3, Size: 128x128"
    let file = try Picture(width: 8, height: 8, pixels: [UInt8](repeating: 0, count: 192)).encoded(
      as: .png, metadata: PictureMetadata(parameters: text))
    let told = await stage.json("/pictures/read", "{\"picture\": \"\(file.base64)\"}")
    #expect(told.text("origin") == "a1111" && told.text("parameters") == text)
    #expect(told.text("request", "steps") == "20" && told.text("request", "sampler") == "Euler a")
    let silent = await stage.json("/pictures/read", "{\"picture\": \"\(try png().base64)\"}")
    #expect(silent.status == 200 && silent.field("request") == .null && silent.text("width") == "64")
  }

  @Test func theCatalogueListsWhatMayBeAsked() async throws {
    let answer = await (try Stage()).get("/catalogue")
    #expect(answer.text("models", "0", "defaults", "steps") == "25")
    #expect(answer.text("fields", "0", "key") == "prompt")
    guard case .list(let fields)? = answer.field("fields") else { return #expect(Bool(false)) }
    #expect(fields.count == RequestField.all.count - 2)
    #expect(answer.text("upscalers", "3") == "animevideov3")
  }
}

@Suite struct ParameterTests {
  private func arguments(_ kind: Parameter.Kind, _ json: String) throws -> Arguments {
    let body = try RequestBody(
      HTTPRequest("POST", "/", headers: ["content-type": "application/json"], body: Array(json.utf8)), .json)
    return try Arguments(body, for: [Parameter("x", kind, "")])
  }

  @Test(
    arguments: [
      ("true", true), ("\"yes\"", true), ("\"False\"", false), ("0", false), ("1", true), ("null", nil),
    ] as [(String, Bool?)])
  func flagsAreWrittenInManyWays(_ json: String, _ flag: Bool?) throws {
    #expect(try arguments(.flag, "{\"x\": \(json)}").flag("x") == flag)
  }

  @Test func anotherWordIsNoFlag() {
    #expect(throws: Refusal.self) { try arguments(.flag, #"{"x": "perhaps"}"#) }
  }

  @Test func severalPicturesAreTakenUpToAnumber() async throws {
    let stage = try Stage()
    let one = "\"\(try png().base64)\""
    func count(_ json: String) async throws -> Int {
      var body = try RequestBody(
        HTTPRequest("POST", "/", headers: ["content-type": "application/json"], body: Array(json.utf8)), .json
      )
      let rows = [Parameter("x", .pictures(2), "")]
      try await body.fetchPictures(of: rows, stage.premises.links)
      return try Arguments(body, for: rows).pictures("x").count
    }
    #expect(try await count("{\"x\": [\(one), \(one)]}") == 2)
    #expect(try await count("{\"x\": \(one)}") == 1)
    #expect(try await count("{\"x\": []}") == 0)
    await #expect(throws: Refusal.self) { try await count("{\"x\": [\(one), \(one), \(one)]}") }
  }
}

extension [UInt8] {
  fileprivate var base64: String { Data(self).base64EncodedString() }
}
