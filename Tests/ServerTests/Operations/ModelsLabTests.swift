import Darkroom
import FoundationEssentials
import Server
import Testing

@Suite struct ModelsLabTests {
  private static let textToImage = "/api/v6/images/text2img"

  @Test func numbersMayBeTextsAndNullIsTheUsual() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.textToImage,
      #"""
      {"key": "k", "model_id": "sdxl", "prompt": "a cat", "negative_prompt": null, "width": "128",
       "height": 192, "samples": "2", "num_inference_steps": "20", "seed": null, "guidance_scale": "7",
       "safety_checker": "no", "enhance_prompt": "no", "multi_lingual": "no", "panorama": "no",
       "self_attention": "yes", "upscale": "no", "embeddings_model": null, "lora_model": "",
       "lora_strength": null, "tomesd": "yes", "clip_skip": "2", "use_karras_sigmas": "yes", "vae": null,
       "scheduler": "EulerAncestralDiscreteScheduler", "webhook": null, "track_id": null, "temp": "no"}
      """#, headers: ["host": "127.0.0.1:8000"])
    #expect(answer.status == 200 && answer.text("status") == "success", "\(answer.text("message") ?? "")")
    let request = try #require(stage.drawings.first?.request)
    #expect((request.width, request.height, request.count, request.steps) == (128, 192, 2, 20))
    #expect(request.guidanceScale == 7 && request.clipSkip == 1 && request.schedule == "karras")
    let link = try #require(answer.text("output", "1"))
    #expect(link.hasPrefix("http://127.0.0.1:8000/generations/"))
    #expect(await stage.get(String(link.dropFirst("http://127.0.0.1:8000".count))).bytes == [1, 1, 1])
    #expect(Int(answer.text("id") ?? "") != nil && answer.field("nsfw_content_detected") == false)
    #expect(answer.text("meta", "seed") == "\(request.seed ?? 0)" && answer.text("meta", "steps") == "20")
    #expect(answer.field("meta", "key") == nil)
  }

  @Test func whatIsNotSaidIsUsual() async throws {
    let stage = try Stage()
    _ = await stage.json("/api/v3/text2img", #"{"prompt": "a cat", "seed": -1}"#)
    let request = try #require(stage.drawings.first?.request)
    #expect(request.steps == 31 && request.guidanceScale == 7.5 && request.count == 1)
    #expect(request.width == Known.model.description.nativeSide)
  }

  @Test func enhancedPromptsHaveFixedWords() async throws {
    let stage = try Stage()
    _ = await stage.json(Self.textToImage, #"{"prompt": "a cat", "enhance_prompt": "yes", "steps": 5}"#)
    #expect(stage.drawings.first?.request.prompt == "a cat, high detail, sharp focus, balanced light")
    #expect(stage.drawings.first?.request.steps == 5)
  }

  @Test func thePicturesThemselvesMayBeAskedFor() async throws {
    let answer = await (try Stage()).json(Self.textToImage, #"{"prompt": "a cat", "base64": "yes"}"#)
    #expect(answer.text("output", "0") == "AQEB")
    #expect(answer.text("proxy_links", "0")?.hasPrefix("http://localhost/generations/") == true)
  }

  @Test func aResultIsTakenAsAstartByItsLink() async throws {
    let links = PictureLinks()
    var made = picture(0)
    made.bytes = try png(width: 128, height: 64)
    let link = "http://elsewhere:1" + links.path(to: made)
    let stage = try Stage(links: links)
    let answer = await stage.json(
      "/api/v6/images/img2img", "{\"prompt\": \"a cat\", \"init_image\": \"\(link)\", \"width\": \"512\"}")
    #expect(answer.text("status") == "success")
    let request = try #require(stage.drawings.first?.request)
    #expect(request.width == 128 && request.height == 64 && request.strength == 0.7)
  }

  @Test func aMaskIsDrawnAnew() async throws {
    let stage = try Stage()
    let file = "data:image/png;base64,\(Data(try png()).base64EncodedString())"
    let answer = await stage.json(
      "/api/v4/dreambooth/inpaint",
      "{\"prompt\": \"a cat\", \"init_image\": \"\(file)\", \"mask_image\": \"\(file)\", \"steps\": \"21\"}")
    #expect(answer.text("status") == "success")
    #expect(stage.drawings.first?.request.inpaintArea == .masked && stage.drawings.first?.request.mask != nil)
  }

  // MARK: Waiting

  @Test func aJobIsFetchedByItsNumber() async throws {
    let stage = try Stage(draws: false, modelsLab: ModelsLabDoor(holdTime: .zero))
    let begun = await stage.json(Self.textToImage, #"{"prompt": "a cat", "samples": 2, "track_id": 5}"#)
    #expect(begun.status == 200 && begun.text("status") == "processing" && begun.text("eta") != nil)
    let id = try #require(begun.text("id"))
    #expect(begun.text("fetch_result") == "http://localhost/api/v6/images/fetch/\(id)")
    let future = try #require(begun.text("future_links", "1"))
    let path = String(future.dropFirst("http://localhost".count))
    #expect(await stage.get(path).status == 404)
    #expect(await stage.json("/api/v6/images/fetch/\(id)", #"{"key": "k"}"#).text("status") == "processing")
    // GET waits, and gives the picture.
    let waiting = Task { await stage.get("/api/v6/images/fetch/\(id)") }
    let batch = try #require(await stage.queue.next())
    for index in 0..<2 { stage.queue.tell(.picture(picture(index)), of: batch) }
    stage.queue.tell(.finished, of: batch)
    #expect(await waiting.value.bytes == [1, 1, 1])
    #expect(await stage.get(path).status == 200)
    let told = await stage.json("/api/v6/images/fetch", "{\"key\": \"k\", \"request_id\": \"\(id)\"}")
    #expect(told.text("status") == "success" && told.text("output", "1") == future)
    let json = await stage.get("/api/v3/fetch/\(id)", headers: ["accept": "application/json"])
    #expect(json.text("status") == "success")
    let missing = await stage.json("/api/v6/images/fetch/7", "{}")
    #expect(missing.status == 404 && missing.text("message") == "Request not found: 7")
  }

  @Test func aFaultIsTold() async throws {
    let stage = try Stage(draws: false, modelsLab: ModelsLabDoor(holdTime: .zero))
    let id = try #require(await stage.json(Self.textToImage, #"{"prompt": "a cat"}"#).text("id"))
    let waiting = Task { await stage.get("/api/v6/images/fetch/\(id)") }
    let batch = try #require(await stage.queue.next())
    stage.queue.tell(.failed(DarkroomError(.resources, "too large")), of: batch)
    #expect(await waiting.value.status == 400)
    let told = await stage.json("/api/v6/images/fetch/\(id)", "{}")
    #expect(told.status == 400 && told.text("status") == "error" && told.text("messege") == "too large")
  }

  @Test func whoLeavesBeforeAnumberIsToldEndsTheJob() async throws {
    let stage = try Stage(draws: false)
    let asking = Task { await stage.json(Self.textToImage, #"{"prompt": "a cat"}"#) }
    while stage.queue.load.waiting == 0 { try await Task.sleep(for: .milliseconds(5)) }
    asking.cancel()
    _ = await asking.value
    #expect(stage.queue.load.waiting == 0)
  }

  // MARK: Refusals

  @Test(arguments: [
    ("{}", "prompt is required"),
    (#"{"prompt": "a cat", "model_id": "none"}"#, "Model not found: none"),
    (#"{"prompt": "a cat", "samples": 5}"#, "samples must be between 1 and 4"),
    (#"{"prompt": "a cat", "width": "2048"}"#, "width must be between 64 and 1024"),
    (#"{"prompt": "a cat", "scheduler": "KarrasVeScheduler"}"#, "scheduler must be one of DDIMScheduler"),
    (#"{"prompt": "a cat", "algorithm_type": "sde"}"#, "algorithm_type must be none or dpmsolver++"),
    (#"{"prompt": "a cat", "lora_model": "more_details"}"#, "lora_model must be empty"),
    (#"{"prompt": "a cat", "controlnet_model": "canny"}"#, "controlnet_model must be empty"),
    (#"{"prompt": "a cat", "upscale": 2}"#, "upscale must be empty"),
    (
      #"{"prompt": "a cat", "webhook": "https://example.org/x"}"#, "webhook must be empty; example.org is no"
    ),
    (#"{"prompt": "a cat", "webhook": "example"}"#, "webhook must be an address"),
  ])
  func whatIsNotPossibleIsNamed(_ body: String, _ message: String) async throws {
    let answer = await (try Stage()).json(Self.textToImage, body)
    #expect(answer.status == 400 && answer.text("status") == "error")
    let text = answer.text("message") ?? ""
    #expect(text.hasPrefix(message) && answer.text("messege") == text, "\(text)")
  }

  @Test func otherToolsAreNotServed() async throws {
    let stage = try Stage()
    for (path, message) in [
      ("/api/v6/images/controlnet", "ControlNet needs a model"),
      ("/api/v5/controlnet", "ControlNet needs a model"),
      ("/api/v6/images/outpaint", "outpaint needs a model"),
      ("/api/v6/video/text2video", "text2video needs a model"),
      ("/api/v9/x", "there is no /api/v9/x"),
    ] {
      let answer = await stage.json(path, #"{"prompt": "a cat"}"#)
      #expect(answer.status == 404 && answer.text("message")?.hasPrefix(message) == true, "\(path)")
    }
  }

  @Test func theKeyIsInTheBodyOrAheader() async throws {
    let stage = try Stage(keys: try KeyRing(keys: ["secret"]))
    let wrong = await stage.json(Self.textToImage, #"{"key": "other", "prompt": "a cat"}"#)
    #expect(wrong.status == 401 && wrong.text("message") == "Invalid API key")
    #expect(await stage.json(Self.textToImage, #"{"prompt": "a cat"}"#).status == 401)
    #expect(await stage.json(Self.textToImage, #"{"key": "secret", "prompt": "a cat"}"#).status == 200)
    let header = await stage.json(
      Self.textToImage, #"{"prompt": "a cat"}"#, headers: ["authorization": "Bearer secret"])
    #expect(header.status == 200)
    #expect(Set(stage.ordered.map(\.client)).count == 1, "both are the same client")
  }

  @Test func tooMuchSaysWhenToComeBack() async throws {
    let stage = try Stage(rate: 1e-6)
    _ = await stage.json(Self.textToImage, #"{"prompt": "a cat"}"#)
    let answer = await stage.json(Self.textToImage, #"{"prompt": "a cat"}"#)
    #expect(answer.status == 429 && answer.text("retry_after") != nil)
  }

  // MARK: Other servers

  @Test(arguments: [
    ("https://127.0.0.1/x.png", "it is at 127.0.0.1, which is no public address"),
    ("https://2130706433/x.png", "it is at 127.0.0.1, which is no public address"),
    ("https://[::ffff:10.0.0.1]/x.png", "it is at ::ffff:10.0.0.1, which is no public address"),
    ("http://example.org/x.png", "must be an address with https"),
    ("https://you@example.org/x.png", "is no address of a picture"),
    ("https://example.org\\@10.0.0.1/x.png", "is no address of a picture"),
  ])
  func privateAddressesAreNotFetched(_ address: String, _ message: String) async throws {
    let stage = try Stage(links: PictureLinks(remote: RemotePictures()))
    let body = FieldValue.object(["prompt": "a cat", "init_image": .text(address)]).json
    let answer = await stage.json("/api/v6/images/img2img", body)
    let text = answer.text("message") ?? ""
    #expect(answer.status == 400 && text.hasPrefix("init_image") && text.contains(message), "\(text)")
  }

  @Test func foreignAddressesAreRefusedUnlessTheyMayBeFetched() async throws {
    let answer = await (try Stage()).json(
      "/api/v6/images/img2img", #"{"prompt": "a cat", "init_image": "https://example.org/x.png"}"#)
    #expect(
      answer.text("message")
        == "init_image: fetching URLs is off (--allow-fetch); send base64 or a link of this server")
  }

  @Test(
    arguments: [
      ("1.1.1.1", true), ("8.8.4.4", true), ("172.32.0.1", true), ("100.128.0.1", true),
      ("2606:4700::1111", true), ("0.0.0.0", false), ("10.1.2.3", false), ("100.64.0.1", false),
      ("127.9.9.9", false), ("169.254.169.254", false), ("172.16.0.1", false), ("172.31.255.255", false),
      ("192.168.1.1", false), ("198.18.0.1", false), ("224.0.0.1", false), ("255.255.255.255", false),
      ("::", false), ("::1", false), ("::ffff:8.8.8.8", false), ("64:ff9b::a00:1", false), ("fe80::1", false),
      ("fd00::1", false), ("ff02::1", false), ("2001:db8::1", false), ("2001::1", false),
      ("2002:a00:1::", false),
    ] as [(String, Bool)])
  func publicAddressesAreTold(_ address: String, _ isPublic: Bool) {
    #expect(SocketAddress.isPublic(address) == isPublic)
  }
}
