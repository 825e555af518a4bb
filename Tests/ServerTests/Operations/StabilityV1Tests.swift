import Darkroom
import Server
import Testing

@Suite struct StabilityV1Tests {
  private static let draw = "/v1/generation/stable-diffusion-v1-6/text-to-image"

  @Test func aRequestOfTheDocumentation() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.draw,
      """
      {"text_prompts": [{"text": "a lighthouse", "weight": 1}, {"text": "blurry", "weight": -1}], "cfg_scale": 5,
       "height": 512, "width": 640, "samples": 2, "steps": 30, "seed": 9, "sampler": "K_DPMPP_2M",
       "clip_guidance_preset": "FAST_BLUE", "extras": {"a": 1}}
      """, headers: ["accept": "application/json"])
    #expect(answer.status == 200)
    #expect(answer.text("artifacts", "0", "seed") == "9" && answer.text("artifacts", "1", "seed") == "10")
    #expect(answer.text("artifacts", "0", "finishReason") == "SUCCESS")
    #expect(answer.text("artifacts", "1", "base64") == "AQEB")
    #expect(answer.headers["x-darkroom-engine"] == Known.model.name)
    let request = try #require(stage.drawings.first)
    #expect((request.prompt, request.negativePrompt) == ("a lighthouse", "blurry"))
    #expect((request.width, request.height, request.count, request.steps) == (640, 512, 2, 30))
    #expect((request.guidanceScale, request.seed) == (5, 9))
    #expect(request.sampler == "dpmpp_2m")
  }

  @Test func weightsOfAllPromptsCount() async throws {
    let stage = try Stage()
    let body = """
      {"text_prompts": [{"text": "a", "weight": 0.5}, {"text": "b", "weight": 2}, {"text": "c", "weight": -0.5},
       {"text": "d", "weight": -1}, {"text": "e", "weight": 0}]}
      """
    #expect(await stage.json(Self.draw, body).status == 200)
    let request = try #require(stage.drawings.first)
    #expect(request.prompt == "b")
    #expect(
      request.prompts == [
        WeightedPrompt(text: "a", weight: 0.25), WeightedPrompt(text: "c", weight: -0.5),
        WeightedPrompt(text: "d", weight: -1),
      ])
  }

  @Test func whatTutorialsSendIsTaken() async throws {
    let stage = try Stage()
    let body = """
      {"prompt": "a heart", "negative_prompt": "grey", "seed": -1, "sampler": "DPM++ 2M Karras", "samplr": 1}
      """
    let answer = await stage.json(Self.draw, body)
    #expect(answer.status == 200)
    #expect(answer.headers["x-darkroom-ignored"] == "samplr")
    let request = try #require(stage.drawings.first)
    #expect((request.sampler, request.schedule) == ("dpmpp_2m", "karras"))
    #expect(request.negativePrompt == "grey")
  }

  @Test func aPictureIsTheAnswerToWhoAsksForOne() async throws {
    let stage = try Stage()
    let body = #"{"text_prompts": [{"text": "a"}], "seed": 3}"#
    let answer = await stage.json(Self.draw, body, headers: ["accept": "image/png"])
    #expect(answer.headers["content-type"] == "image/png" && answer.bytes == [1, 1, 1])
    #expect(answer.headers["seed"] == "3" && answer.headers["finish-reason"] == "SUCCESS")
  }

  @Test(
    arguments: [
      (#"{"text_prompts": [{"text": "a"}], "steps": 5}"#, 400, "steps: must be between 10 and 150"),
      (#"{"text_prompts": [{"text": "a"}], "steps": "many"}"#, 400, "steps: must be between 10 and 150"),
      (#"{"text_prompts": [{"text": "a"}], "cfg_scale": 36}"#, 400, "cfg_scale: must be between 0 and 35"),
      (#"{"text_prompts": [{"text": "a"}], "samples": 11}"#, 400, "samples: must be between 1 and 10"),
      (
        #"{"text_prompts": [{"text": "a"}], "seed": 4294967296}"#, 400,
        "seed: must be between -1 and 4294967295"
      ),
      (#"{"text_prompts": []}"#, 400, "text_prompts: is required"),
      (#"{"text_prompts": [{"weight": 1}]}"#, 400, "text_prompts[0].text: is required"),
      (#"{"text_prompts": "a"}"#, 400, "text_prompts: must be a list of prompts"),
      (#"{}"#, 400, "text_prompts: is required"),
      (
        #"{"text_prompts": [{"text": "a"}], "width": 500}"#, 400,
        "width: must be a multiple of 64, at least 128"
      ),
      (#"{"text_prompts": [{"text": "a"}], "style_preset": "none"}"#, 400, "style_preset: must be one of"),
      (#"{"text_prompts": [{"text": "a"}], "sampler": "K_NONE"}"#, 400, "sampler: must be one of"),
      (#"[1]"#, 400, "body: must be a JSON object"), (#"{"a""#, 400, "body: "),
    ] as [(String, Int, String)])
  func whatIsNotPossibleIsNamed(_ body: String, _ status: Int, _ message: String) async throws {
    let answer = try await Stage().json(Self.draw, body)
    #expect(answer.status == status)
    #expect(answer.text("message")?.hasPrefix(message) == true, "\(answer.text("message") ?? "nothing")")
    #expect(answer.text("name")?.isEmpty == false && answer.text("id")?.isEmpty == false)
  }

  @Test(
    arguments: [
      ("stable-diffusion-xl-1024-v1-0", 512, 512, "invalid_sdxl_v1_dimensions"),
      ("stable-diffusion-512-v2-1", 256, 256, "invalid_pixel_count"),
      ("stable-diffusion-xl-beta-v2-2-2", 896, 896, "invalid_sdxl_v222_dimensions"),
      ("stable-diffusion-v1-5", 500, 512, "invalid_height_or_width"),
    ])
  func hostedEnginesHaveTheirSizes(_ id: String, _ width: Int, _ height: Int, _ name: String) async throws {
    let body = #"{"text_prompts": [{"text": "a"}], "width": \#(width), "height": \#(height)}"#
    let answer = try await Stage().json("/v1/generation/\(id)/text-to-image", body)
    #expect(answer.status == 400 && answer.text("name") == name)
  }

  @Test func anotherEngineIsNotFound() async throws {
    let body = #"{"text_prompts": [{"text": "a"}]}"#
    let answer = try await Stage().json("/v1/generation/none/text-to-image", body)
    #expect(answer.status == 404 && answer.text("name") == "not_found")
    #expect(answer.text("message")?.contains("stable-diffusion-v1-6") == true)
  }

  @Test func howMuchOfAPictureStays() async throws {
    let stage = try Stage()
    let path = "/v1/generation/stable-diffusion-v1-6/image-to-image"
    let picture = FormValue.file(try png(width: 128, height: 64))
    let text = ("text_prompts[3][text]", "a" as FormValue)
    let fields: [[(String, FormValue)]] = [
      [("image_strength", "0.2")], [],
      [("init_image_mode", "STEP_SCHEDULE"), ("step_schedule_start", "0.4")],
    ]
    for more in fields {
      let answer = await stage.form(path, [("init_image", picture), text, ("seed", "1")] + more)
      #expect(answer.status == 200)
    }
    #expect(stage.drawings.map(\.strength) == [0.8, 0.65, 0.4])
    #expect(stage.drawings.allSatisfy { $0.width == 128 && $0.height == 64 })
    let answer = await stage.form(path, [text])
    #expect(answer.text("message") == "init_image: is required")
  }

  @Test func masksOfEitherColourAndOfAlpha() async throws {
    let stage = try Stage()
    let path = "/v1/generation/stable-diffusion-v1-6/image-to-image/masking"
    let picture = ("init_image", FormValue.file(try png()))
    func answer(_ source: FormValue, mask: [UInt8]?) async -> HTTPResponse {
      await stage.form(
        path,
        [picture, ("mask_source", source), ("text_prompts[0][text]", "a")]
          + (mask.map { [("mask_image", .file($0))] } ?? []))
    }
    let mask = try png()
    #expect(await answer("MASK_IMAGE_WHITE", mask: mask).status == 200)
    #expect(await answer("MASK_IMAGE_BLACK", mask: mask).status == 200)
    let hashes = stage.drawings.map { $0.mask?.sha256 }
    #expect(hashes.count == 2 && hashes[0] != hashes[1])
    #expect(await answer("MASK_IMAGE_WHITE", mask: nil).text("name") == "invalid_mask_image")
    #expect(await answer("INIT_IMAGE_ALPHA", mask: nil).text("name") == "invalid_mask_image")
    let other = try png(width: 32)
    #expect(await answer("MASK_IMAGE_WHITE", mask: other).text("message")?.contains("64x64") == true)
  }

  @Test func upscalingTakesOneSide() async throws {
    let stage = try Stage()
    let path = "/v1/generation/esrgan-v1-x2plus/image-to-image/upscale"
    let picture = ("image", FormValue.file(try png(width: 300, height: 200)))
    #expect(await stage.form(path, [picture, ("width", "600")]).status == 200)
    #expect(await stage.form(path, [picture]).status == 200)
    let scales = stage.ordered.map { order in
      if case .upscaling(let request) = order.work { request.scale } else { Double?.none }
    }
    #expect(scales == [2])
    #expect(await stage.form(path, [picture, ("width", "600"), ("height", "600")]).status == 400)
    #expect(await stage.form(path, [picture, ("width", "9000")]).text("name") == "invalid_pixel_count")
  }

  @Test func accountsAndEngines() async throws {
    let stage = try Stage(credits: 12.5)
    #expect(await stage.get("/v1/user/balance").text("credits") == "12.5")
    #expect(await stage.get("/v1/user/account").text("organizations", "0", "role") == "OWNER")
    #expect(await stage.get("/v1/engines/list").text("0", "id") == Known.model.name)
  }
}
