import Darkroom
import FoundationEssentials
import Pictures
import Server
import Testing

@Suite struct A1111ListTests {
  private func names(_ answer: HTTPResponse, _ key: String = "name") -> [String] {
    guard case .list(let rows)? = try? StrictJSON.value(answer.bytes) else { return [] }
    return rows.compactMap { if case .object(let fields) = $0 { fields[key]?.plain } else { nil } }
  }

  @Test func whatIsListedCanBeAskedFor() async throws {
    let stage = try Stage()
    let samplers = names(await stage.get("/sdapi/v1/samplers"))
    #expect(samplers.starts(with: ["DDIM"]) && samplers.contains("DPM++ 2M SDE"))
    for name in samplers {
      #expect(
        await stage.json("/sdapi/v1/txt2img", #"{"sampler_name": "\#(name)"}"#).status == 200, "\(name)")
    }
    let schedules = await stage.get("/sdapi/v1/schedulers")
    #expect(
      names(schedules).contains("align_your_steps") && names(schedules, "label").contains("SGM Uniform"))
    for name in names(schedules) + names(schedules, "label") {
      #expect(await stage.json("/sdapi/v1/txt2img", #"{"scheduler": "\#(name)"}"#).status == 200, "\(name)")
    }
    let picture = Data(try png()).base64EncodedString()
    for name in ["None", "Nearest"] {
      let body = #"{"image": "\#(picture)", "upscaler_1": "\#(name)", "upscaling_resize": 2}"#
      let answer = await stage.json("/sdapi/v1/extra-single-image", body)
      let file = Data(base64Encoded: answer.text("image") ?? "").map { [UInt8]($0) } ?? []
      #expect(try Picture.decode(file).width == (name == "None" ? 64 : 128))
    }
    for name in names(await stage.get("/sdapi/v1/latent-upscale-modes"))
      + names(await stage.get("/sdapi/v1/upscalers"))
    where name != "Nearest" {
      let body = #"{"enable_hr": true, "width": 64, "height": 64, "hr_upscaler": "\#(name)"}"#
      #expect(await stage.json("/sdapi/v1/txt2img", body).status == 200, "\(name)")
    }
    #expect(
      stage.drawings.suffix(9).prefix(5).map { $0.upscaler?.name } == [
        "latent", "latent-nearest", "lanczos", "lanczos", "animevideov3",
      ])
  }

  @Test func optionsAreKeptAndHold() async throws {
    let stage = try Stage()
    let title = try #require(await stage.get("/sdapi/v1/options").text("sd_model_checkpoint"))
    #expect(names(await stage.get("/sdapi/v1/sd-models"), "title") == [title])
    #expect(title.hasPrefix("\(Known.model.name).safetensors"))
    let set = await stage.json(
      "/sdapi/v1/options",
      #"{"sd_model_checkpoint": "built-in", "CLIP_stop_at_last_layers": 2, "own": {"a": [1]}}"#)
    #expect(set.status == 200 && set.bytes == Array("null".utf8))
    let options = await stage.get("/sdapi/v1/options")
    #expect(options.text("sd_model_checkpoint") == title && options.field("own", "a") == [1])
    #expect(await stage.json("/sdapi/v1/txt2img", "{}").status == 200)
    #expect(
      await stage.json("/sdapi/v1/txt2img", #"{"override_settings": {"CLIP_stop_at_last_layers": 1}}"#).status
        == 200)
    #expect(stage.drawings.map(\.clipSkip) == [1, 0])
    let kept =
      #"{"override_settings": {"randn_source": "CPU"}, "override_settings_restore_afterwards": false}"#
    #expect(await stage.json("/sdapi/v1/txt2img", kept).status == 200)
    #expect(await stage.get("/sdapi/v1/options").text("randn_source") == "CPU")
    let unknown = await stage.json("/sdapi/v1/options", #"{"sd_model_checkpoint": "another"}"#)
    #expect(unknown.status == 404 && unknown.text("detail")?.contains(title) == true)
    #expect(await stage.json("/sdapi/v1/options", #"{"CLIP_stop_at_last_layers": 99}"#).status == 422)
    #expect(await stage.json("/sdapi/v1/options", "[]").status == 422)
  }

  @Test func whatIsNotHere() async throws {
    let stage = try Stage()
    let absent = await stage.get("/controlnet/version")
    #expect(absent.status == 404 && absent.bytes == Array(#"{"detail":"Not Found"}"#.utf8))
    #expect(
      await stage.get("/sdapi/v1/nothing").text("detail")?.hasPrefix("there is no /sdapi/v1/nothing") == true)
    #expect(
      await stage.json("/sdapi/v1/interrogate", "{}").text("detail")?.hasPrefix("Model not found") == true)
    let picture = Data(try png()).base64EncodedString()
    let faces = await stage.json(
      "/sdapi/v1/extra-single-image", #"{"image": "\#(picture)", "gfpgan_visibility": 1}"#)
    #expect(faces.status == 422 && faces.text("detail", "0", "loc", "1") == "gfpgan_visibility")
    #expect(await stage.get("/internal/ping").bytes == Array("{}".utf8))
    #expect(await stage.get("/sdapi/v1/scripts").field("txt2img") == [])
    #expect(await stage.get("/sdapi/v1/memory").text("cuda", "error") == "unavailable")
  }

  @Test func aPasswordIsAKey() async throws {
    let stage = try Stage(keys: try KeyRing(keys: ["sk-one"]))
    let refused = await stage.get("/sdapi/v1/options", headers: ["authorization": ""])
    #expect(refused.status == 401 && refused.text("detail") == "Incorrect username or password")
    #expect(refused.headers["www-authenticate"] == "Basic")
    let allowed = await stage.get("/sdapi/v1/options", headers: ["authorization": "Basic dXNlcjpzay1vbmU="])
    #expect(allowed.status == 200)
    #expect(await stage.get("/internal/ping").status == 200)
  }

  @Test func memoryIsGivenBack() async throws {
    let (given, queue) = (Flag(), LocalQueue())
    let premises = Premises(
      models: ModelTable([Known.model]), desk: Desk(queue: queue), releaseMemory: { given.raise() })
    let reception = Reception(premises, origins: try Origins())
    let answer = await reception.answer(
      HTTPRequest("POST", "/sdapi/v1/unload-checkpoint", headers: ["host": "localhost"]))
    #expect(answer.status == 200 && given.isRaised)
  }

  @Test func whatAPictureTells() async throws {
    let stage = try Stage()
    let text =
      "a cat\nNegative prompt: grey\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 3, Size: 128x192"
    let file = try Picture(width: 8, height: 8, pixels: [UInt8](repeating: 0, count: 192)).encoded(
      as: .png, metadata: PictureMetadata(parameters: text))
    let told = await stage.json("/sdapi/v1/png-info", "{\"image\": \"\(Data(file).base64EncodedString())\"}")
    #expect(told.text("info") == text && told.text("parameters", "Prompt") == "a cat")
    #expect(told.text("parameters", "Size-1") == "128" && told.text("parameters", "Size-2") == "192")
    #expect(told.text("parameters", "Negative prompt") == "grey" && told.text("parameters", "Seed") == "3")
    let none = await stage.json(
      "/sdapi/v1/png-info", "{\"image\": \"\(Data(try png()).base64EncodedString())\"}")
    #expect(none.status == 200 && none.text("info") == "")
    #expect(await stage.json("/sdapi/v1/png-info", "{\"image\": \"AAAA\"}").status == 500)
  }
}
