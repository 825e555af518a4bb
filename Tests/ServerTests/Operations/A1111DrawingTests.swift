import Darkroom
import FoundationEssentials
import Pictures
import Server
import Testing

@Suite struct A1111DrawingTests {
  private static let draw = "/sdapi/v1/txt2img"

  private func info(_ answer: HTTPResponse) throws -> FieldValue {
    try StrictJSON.value(Array(try #require(answer.text("info")).utf8))
  }

  private func field(_ value: FieldValue, _ name: String) -> FieldValue? {
    if case .object(let fields) = value { fields[name] } else { nil }
  }

  @Test func whatAClientSendsIsDrawnByTheWebUIsRules() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.draw,
      """
      {"prompt": "a (cat:1.2)", "negative_prompt": "grey", "steps": 20, "cfg_scale": 5.5, "width": 300, "height": 256,
       "sampler_name": "DPM++ 2M", "scheduler": "sgm_uniform", "seed": 9, "eta": 0.5, "clip_skip": 2, "url": "http://x", "auth": "a:b"}
      """)
    #expect(answer.status == 200 && answer.text("images", "0") == "AQEB")
    let request = try #require(stage.drawings.first)
    #expect((request.prompt, request.negativePrompt, request.seed) == ("a (cat:1.2)", "grey", 9))
    #expect((request.width, request.height, request.steps) == (296, 256, 20))
    #expect((request.sampler, request.schedule, request.clipSkip) == ("DPM++ 2M", "SGM Uniform", 1))
    #expect(request.system == .a1111 && request.promptSyntax == .a1111 && request.noise == .nvidia)
    #expect(request.secondPass == .never && request.strength == nil)
    #expect(answer.text("parameters", "width") == "300" && answer.text("parameters", "n_iter") == "1")
    #expect(answer.field("parameters", "auth") == nil)
    let info = try info(answer)
    #expect(field(info, "all_seeds") == [9] && field(info, "sampler_name") == "DPM++ 2M")
    #expect(field(info, "clip_skip") == 2 && field(info, "width") == 296)
  }

  @Test func aPicturesTextStandsForWhatIsLeftOut() async throws {
    let stage = try Stage()
    let text =
      "a cat\\nNegative prompt: grey\\nSteps: 8, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 4, Seed: 3, Size: 64x96, Clip skip: 2, RNG: CPU"
    let answer = await stage.json(Self.draw, #"{"infotext": "\#(text)", "steps": 9}"#)
    #expect(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
    let request = try #require(stage.drawings.first)
    #expect((request.prompt, request.negativePrompt, request.seed) == ("a cat", "grey", 3))
    #expect((request.steps, request.guidanceScale, request.clipSkip) == (9, 4, 1))
    #expect(
      (request.sampler, request.schedule, request.width, request.height) == ("DPM++ 2M", "Karras", 64, 96))
    #expect(request.noise == .torchCPU && answer.text("parameters", "cfg_scale") == "4")
    let large = ", Denoising strength: 0.6, Hires upscale: 1.5, Hires steps: 4, Hires upscaler: Latent"
    #expect(await stage.json(Self.draw, #"{"infotext": "\#(text)\#(large)"}"#).status == 200)
    let second = try #require(stage.drawings.last)
    #expect((second.width, second.height, second.secondPassSteps) == (96, 144, 4))
    #expect(second.secondPassStrength == 0.6 && second.secondPassScale == 1.5)
  }

  @Test func whatIsLeftOutHasTheWebUIsDefaults() async throws {
    let stage = try Stage()
    #expect(await stage.json(Self.draw, "{}").status == 200)
    let request = try #require(stage.drawings.first)
    #expect((request.steps, request.guidanceScale, request.width, request.height) == (50, 7, 512, 512))
    #expect((request.sampler, request.count) == ("Euler", 1))
  }

  @Test func seedsOfBatchesGoOn() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.draw, #"{"batch_size": 2, "n_iter": 3, "seed": 4, "send_images": false}"#)
    #expect(stage.drawings.map(\.seed) == [4, 6, 8] && stage.drawings.allSatisfy { $0.count == 2 })
    #expect(try field(info(answer), "all_seeds") == [4, 5, 6, 7, 8, 9])
    #expect(answer.field("images") == [])
    let varied = await stage.json(
      Self.draw, #"{"batch_size": 2, "n_iter": 2, "seed": 4, "subseed": 7, "subseed_strength": 0.5}"#)
    #expect(
      stage.drawings.suffix(2).map(\.seed) == [4, 4] && stage.drawings.suffix(2).map(\.subseed) == [7, 9])
    #expect(try field(info(varied), "all_subseeds") == [7, 8, 9, 10])
    let random = await stage.json(Self.draw, #"{"seed": -1, "n_iter": 2}"#)
    guard case .list(let seeds)? = try field(info(random), "all_seeds") else { return #expect(Bool(false)) }
    #expect(seeds.count == 2 && seeds[1].integer == seeds[0].integer.map { $0 + 1 })
  }

  @Test(
    arguments: [
      (#""hr_scale": 2"#, 128, 192, nil), (#""hr_resize_x": 96"#, 96, 144, nil),
      (#""hr_resize_y": 144, "hr_second_pass_steps": 7"#, 96, 144, 7),
      (#""hr_resize_x": 96, "hr_resize_y": 144"#, 96, 144, nil), (#""hr_scale": 1.3"#, 80, 120, nil),
      (#""hr_resize_x": 100, "hr_scheduler": "Use same scheduler""#, 96, 144, nil),
    ] as [(String, Int, Int, Int?)])
  func hiresFix(_ more: String, _ width: Int, _ height: Int, _ steps: Int?) async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.draw,
      #"{"enable_hr": true, "width": 64, "height": 96, "denoising_strength": 0.6, "hr_upscaler": "R-ESRGAN 4x+", \#(more)}"#
    )
    #expect(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
    let request = try #require(stage.drawings.first)
    #expect((request.width, request.height, request.secondPassSteps) == (width, height, steps))
    #expect(request.secondPassStrength == 0.6 && request.upscaler?.name == "animevideov3")
    // The first pass is the size that was asked for.
    let first = [width, height].map { 8 * Int((Double($0) / (request.secondPassScale ?? 0) / 8).rounded()) }
    #expect(first == [64, 96])
  }

  @Test(
    arguments: [
      (#"{"steps": "many"}"#, 422, "steps"), (#"{"steps": 0}"#, 422, "steps"),
      (#"{"width": 9000}"#, 422, "width"),
      (#"{"n_iter": 64, "batch_size": 2}"#, 422, "n_iter"), (#"{"tiling": true}"#, 422, "tiling"),
      (#"{"restore_faces": true}"#, 422, "restore_faces"),
      (#"{"script_name": "X/Y/Z plot"}"#, 422, "script_name"),
      (#"{"refiner_checkpoint": "xl"}"#, 422, "refiner_checkpoint"), (#"{"s_churn": 1}"#, 422, "s_churn"),
      (#"{"styles": ["none of ours"]}"#, 422, "styles"),
      (#"{"override_settings": 3}"#, 422, "override_settings"),
      (#"{"override_settings": {"sd_vae": "other"}}"#, 422, "sd_vae"),
      (#"{"override_settings": {"eta_noise_seed_delta": 31337}}"#, 422, "eta_noise_seed_delta"),
      (#"{"enable_hr": true, "hr_prompt": "another"}"#, 422, "hr_prompt"),
      (#"{"enable_hr": true, "hr_upscaler": "/etc/passwd"}"#, 422, "hr_upscaler"),
      (#"{"enable_hr": true, "hr_resize_x": 1024, "hr_resize_y": 512}"#, 422, "hr_resize_y"),
      (
        #"{"alwayson_scripts": {"ControlNet": {"args": [{"model": "canny", "enabled": true}]}}}"#, 422,
        "alwayson_scripts"
      ),
      (
        #"{"alwayson_scripts": {"ControlNet": {"args": [{"module": "reference_only", "model": "None"}]}}}"#,
        422,
        "alwayson_scripts"
      ),
      (
        #"{"alwayson_scripts": {"ADetailer": {"args": [true, {"ad_model": "face"}]}}}"#, 422,
        "alwayson_scripts"
      ),
      (#"[1]"#, 422, nil), (#"{"sampler_name": "none of ours"}"#, 404, "Sampler not found"),
      (#"{"scheduler": "none of ours"}"#, 404, "Scheduler not found"),
    ] as [(String, Int, String?)])
  func whatIsNotPossibleIsNamed(_ body: String, _ status: Int, _ place: String?) async throws {
    let answer = await (try Stage()).json(Self.draw, body)
    #expect(answer.status == status)
    if status == 404 {
      #expect(answer.text("detail") == place)
    } else {
      #expect(
        answer.text("detail", "0", "loc", "0") == "body" && answer.text("detail", "0", "loc", "1") == place)
      #expect(
        answer.text("detail", "0", "msg")?.isEmpty == false
          && answer.text("detail", "0", "type") == "value_error")
    }
  }

  @Test func whatIsSwitchedOffIsIgnored() async throws {
    let stage = try Stage()
    let answer = await stage.json(
      Self.draw,
      """
      {"restore_faces": false, "tiling": false, "script_name": null, "script_args": [], "refiner_checkpoint": "None",
       "s_churn": 0, "s_tmin": 0, "s_tmax": 0, "s_noise": 1, "hr_upscaler": "Nearest", "hr_prompt": "not now", "save_images": true,
       "override_settings": {"sd_vae": "Automatic", "eta_noise_seed_delta": 0, "randn_source": "CPU"},
       "alwayson_scripts": {"ControlNet": {"args": [{"enabled": false, "model": "canny"}, {"model": "None", "module": "none"}, {}]},
        "ADetailer": {"args": [false, {"ad_model": "face"}]}, "Sampler": {"args": [20, "Euler a", "Automatic"]}},
       "force_task_id": "task(1)", "session_hash": "x"}
      """)
    #expect(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
    #expect(stage.drawings.first?.noise == .torchCPU)
  }

  @Test func picturesToStartFrom() async throws {
    let stage = try Stage()
    let picture = try png(width: 128, height: 64).base64
    func answer(_ more: String, pictures: String) async -> HTTPResponse {
      await stage.json(
        "/sdapi/v1/img2img", #"{"init_images": \#(pictures), "width": 64, "height": 64, "steps": 5 \#(more)}"#
      )
    }
    for none in ["null", "[]", "[\"\"]"] {
      let missing = await answer("", pictures: none)
      #expect(missing.status == 404 && missing.text("detail") == "Init image not found")
    }
    let one = await answer("", pictures: "[\"data:image/png;base64,\(picture)\"]")
    #expect(one.status == 200 && one.field("parameters", "init_images") == .null)
    let request = try #require(stage.drawings.first)
    #expect(try request.strength == 0.75 && request.initPicture?.size("init").width == 64, "it is stretched")
    let repeated = await answer(#", "include_init_images": true"#, pictures: "[\"\(picture)\"]")
    #expect(repeated.text("parameters", "init_images", "0") == picture)
    #expect(await answer("", pictures: "[\"\(picture)\", \"\(picture)\"]").status == 200)
    #expect(stage.drawings.count == 4 && stage.drawings.suffix(2).allSatisfy { $0.count == 1 })
    for wrong in ["[\"no base64\"]", "[\"AAAA\"]"] {
      let answer = await answer("", pictures: wrong)
      #expect(answer.status == 500 && answer.text("detail") == "Invalid encoded image")
    }
    #expect(await answer("", pictures: "[5]").status == 422)
  }

  /// Rows that become brighter, twice as wide as what is drawn.
  @Test(arguments: [(0, 64, 32), (1, 128, 32), (2, 64, 0), (3, 64, 32)])
  func picturesOfAnotherAspect(_ mode: Int, _ width: Int, _ level: Int) async throws {
    let stage = try Stage()
    let rows = (0..<64).flatMap { row in [UInt8](repeating: UInt8(4 * row), count: 128 * 3) }
    let picture = try Picture(width: 128, height: 64, pixels: rows).encoded(as: .png).base64
    let body = #"{"init_images": ["\#(picture)"], "width": 64, "height": 64, "resize_mode": \#(mode)}"#
    #expect(await stage.json("/sdapi/v1/img2img", body).status == 200)
    let start = try #require(stage.drawings.first?.initPicture)
    let read = try Picture.decode(start.encoded(as: .png, "init"))
    #expect(read.width == width && read.height == 64)
    #expect(abs(Int(read.pixels[3 * width * 8]) - level) < 6, "a quarter of the way to the middle")
  }

  @Test func aSideOfTheSecondPassIsThatWhichIsAskedFor() async throws {
    let stage = try Stage()
    let body = #"{"enable_hr": true, "width": 88, "height": 88, "hr_resize_x": 120}"#
    #expect(await stage.json(Self.draw, body).status == 200)
    #expect(stage.drawings.first?.width == 120, "88 times 120 / 88 is just below 120")
  }

  @Test func masks() async throws {
    let stage = try Stage()
    let (picture, black) = (try png(width: 64).base64, try png(width: 64, level: 0).base64)
    func request(_ mask: String, _ more: String = "") async throws -> ResolvedRequest {
      let answer = await stage.json(
        "/sdapi/v1/img2img",
        #"{"init_images": ["\#(picture)"], "mask": "\#(mask)", "width": 64, "height": 64, "steps": 5 \#(more)}"#
      )
      #expect(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
      return try #require(stage.drawings.last)
    }
    let usual = try await request(picture)
    #expect(
      usual.inpaintArea == .masked && usual.maskPadding == 0 && usual.maskBlur == 4 && usual.maskFill == .blur
    )
    let whole = try await request(picture, #", "inpaint_full_res": 0, "inpainting_fill": 2, "mask_blur": 9"#)
    #expect(whole.inpaintArea == .whole && whole.maskFill == .noise && whole.maskBlur == 9)
    let inverted = try await request(picture, #", "inpainting_mask_invert": 1"#)
    #expect(inverted.mask?.sha256 != usual.mask?.sha256)
    #expect(try await request(black).mask == nil, "nothing is masked, so all is drawn")
    let blur = await stage.json(
      "/sdapi/v1/img2img", #"{"init_images": ["\#(picture)"], "mask": "\#(picture)", "mask_blur_x": 3}"#)
    #expect(blur.status == 422 && blur.text("detail", "0", "loc", "1") == "mask_blur_y")
  }

  @Test func aRequestIsFollowedAndEnded() async throws {
    let stage = try Stage(draws: false)
    let idle = await stage.get("/sdapi/v1/progress")
    #expect(
      idle.field("progress") == 0 && idle.text("state", "job_count") == "0" && idle.text("state", "job") == ""
    )
    let drawing = Task { await stage.json(Self.draw, #"{"n_iter": 3, "seed": 1}"#) }
    let first = try #require(await stage.queue.next())
    var progress = GenerationProgress(stage: .sampling)
    (progress.fraction, progress.step, progress.steps, progress.secondsLeft) = (0.5, 10, 20, 4)
    stage.queue.tell(.progress(progress), of: first)
    let told = await stage.get("/sdapi/v1/progress")
    #expect(told.field("progress")?.double.map { abs($0 - 0.5 / 3) < 1e-9 } == true)
    #expect(told.field("eta_relative")?.double.map { abs($0 - 20) < 1e-9 } == true)
    #expect(told.text("state", "sampling_step") == "10" && told.text("state", "job_count") == "3")
    #expect(told.text("state", "job") == "txt2img" && told.field("current_image") == .null)
    // The first is skipped, the second is finished, and the third ended with all.
    #expect(await stage.json("/sdapi/v1/skip", "").status == 200)
    let second = try #require(await stage.queue.next())
    stage.queue.tell(.failed(DarkroomError(.cancelled, "nobody wants it")), of: first)
    var made = picture(0)
    made.seed = 2
    stage.queue.tell(.picture(made), of: second)
    stage.queue.tell(.finished, of: second)
    _ = await stage.queue.next()
    let last = await stage.get("/sdapi/v1/progress")
    #expect(
      last.text("state", "job_no") == "2"
        && last.field("progress")?.double.map { abs($0 - 2.0 / 3) < 1e-9 } == true)
    #expect(await stage.json("/sdapi/v1/interrupt", "").status == 200)
    let answer = await drawing.value
    #expect(answer.status == 200 && answer.field("images") == ["AQEB"])
    #expect(try field(info(answer), "all_seeds") == [2])
    #expect(await stage.get("/sdapi/v1/progress").text("state", "job_count") == "0")
  }

  @Test func aPlaceInTheQueueIsTold() async throws {
    let stage = try Stage(draws: false)
    let other = try await stage.queue.submit(try order("a cat", client: "somebody"))
    let drawing = Task { await stage.json(Self.draw, #"{"seed": 1}"#) }
    while await stage.get("/sdapi/v1/progress").field("textinfo") == .null { await Task.yield() }
    #expect(await stage.get("/sdapi/v1/progress").text("textinfo") == "Waiting: 1 job goes before this one")
    #expect(await stage.json("/sdapi/v1/interrupt", "").status == 200)
    #expect(await drawing.value.field("images") == [])
    #expect(stage.queue.jobs.map(\.id) == [other.id], "jobs of others go on")
  }
}

extension [UInt8] {
  fileprivate var base64: String { Data(self).base64EncodedString() }
}
