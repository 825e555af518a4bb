import Darkroom
import Foundation
import Testing

@testable import Server

/// ComfyUI's door, with a stand-in that draws.
@Suite struct ComfyUITests {
  private static func body(_ graph: FieldValue = ComfyEvaluationTests.graph(), _ more: String = "") -> String
  {
    #"{"prompt": \#(graph.json)\#(more)}"#
  }

  private func finished(_ stage: Stage, _ answer: HTTPResponse) async throws -> HTTPResponse {
    let id = try #require(answer.text("prompt_id"), "\(String(decoding: answer.bytes, as: UTF8.self))")
    for _ in 0..<1000 {
      let history = await stage.get("/history/\(id)")
      if history.text(id, "status", "status_str") != nil { return history }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw CancellationError()
  }

  @Test func aPromptIsDrawnAndViewed() async throws {
    let stage = try Stage()
    let answer = await stage.json("/prompt", Self.body())
    #expect(answer.status == 200 && answer.text("number") == "0" && answer.field("node_errors") == [:])
    let id = try #require(answer.text("prompt_id"))
    let history = try await finished(stage, answer)
    #expect(history.text(id, "status", "status_str") == "success" && history.text(id, "prompt", "1") == id)
    #expect(
      history.field(id, "outputs", "9", "images", "0") == [
        "filename": "ComfyUI_00001_.png", "subfolder": "", "type": "output",
      ])
    let messages = (0..<3).compactMap { history.text(id, "status", "messages", "\($0)", "0") }
    #expect(messages == ["execution_start", "execution_cached", "execution_success"])
    let picture = await stage.get(
      "/view", query: ["filename": "ComfyUI_00001_.png", "subfolder": "", "type": "output"])
    #expect(
      picture.status == 200 && picture.headers["content-type"] == "image/png" && picture.bytes == [1, 1, 1])
    let drawing = try #require(stage.drawings.first)
    #expect(drawing.system == .comfyui && drawing.seed == 7 && stage.ordered.first?.door == "comfyui")
    // The same under the prefix of newer clients.
    #expect(await stage.get("/api/history/\(id)").bytes == history.bytes)
    #expect(await stage.get("/prompt").text("exec_info", "queue_remaining") == "0")
  }

  @Test func anIdenticalPromptIsNotDrawnAgain() async throws {
    let stage = try Stage()
    let first = try await finished(stage, await stage.json("/prompt", Self.body()))
    let answer = await stage.json("/prompt", Self.body())
    let id = try #require(answer.text("prompt_id"))
    let history = try await finished(stage, answer)
    #expect(stage.ordered.count == 1)
    #expect(history.text(id, "outputs", "9", "images", "0", "filename") == "ComfyUI_00001_.png")
    guard case .list(let cached)? = history.field(id, "status", "messages", "1", "1", "nodes") else {
      Issue.record("no execution_cached")
      return
    }
    #expect(cached.count == 7 && first.text(id) == nil)
    _ = try await finished(
      stage, await stage.json("/prompt", Self.body(ComfyEvaluationTests.graph(["3": ["seed": 8]]))))
    #expect(stage.ordered.count == 2)
  }

  @Test func severalPicturesAreEachEnlarged() async throws {
    let stage = try Stage(file: png())
    let graph = ComfyEvaluationTests.graph(
      ["5": ["batch_size": 2], "9": ["images": ["21", 0], "filename_prefix": "big/one"]],
      more: [
        "20": ComfyEvaluationTests.node("UpscaleModelLoader", ["model_name": "animevideov3.pth"]),
        "21": ComfyEvaluationTests.node(
          "ImageUpscaleWithModel", ["upscale_model": ["20", 0], "image": ["8", 0]]),
      ])
    let answer = await stage.json("/prompt", Self.body(graph))
    let id = try #require(answer.text("prompt_id"))
    let history = try await finished(stage, answer)
    // The stand-in's pictures are the same, so that one is enlarged for both.
    #expect(stage.ordered.map(\.pictures) == [2, 1])
    #expect(
      history.field(id, "outputs", "9", "images", "1") == [
        "filename": "one_00002_.png", "subfolder": "big", "type": "output",
      ])
  }

  @Test func whatIsWrongIsAnsweredAsComfyUIDoes() async throws {
    let stage = try Stage()
    let answer = await stage.json("/prompt", Self.body(ComfyEvaluationTests.graph(["3": ["steps": 0]])))
    #expect(answer.status == 400 && answer.text("error", "type") == "prompt_outputs_failed_validation")
    #expect(answer.text("node_errors", "3", "errors", "0", "type") == "value_smaller_than_min")
    #expect(answer.text("node_errors", "3", "errors", "0", "extra_info", "input_name") == "steps")
    #expect(answer.text("node_errors", "3", "class_type") == "KSampler")
    #expect(answer.field("node_errors", "3", "dependent_outputs") == ["9"])
    #expect(await stage.json("/prompt", "{}").text("error", "type") == "no_prompt")
    let other = await stage.json(
      "/prompt", Self.body(ComfyEvaluationTests.graph(more: ["1": ComfyEvaluationTests.node("Note", [:])])))
    #expect(
      other.status == 400 && other.text("error", "type") == "missing_node_type"
        && other.field("node_errors") == [:])
    // Found by the engine's own rules, and told with the node.
    let words = try Stage(words: ["heart"])
    #expect(await words.json("/prompt", Self.body()).status == 403)
    #expect(stage.ordered.isEmpty)
  }

  @Test func promptsThatWaitAreTakenBack() async throws {
    let stage = try Stage(draws: false)
    var ids: [String] = []
    for seed in 1...3 {
      let graph = ComfyEvaluationTests.graph(["3": ["seed": .number("\(seed)")]])
      ids.append(try #require(await stage.json("/prompt", Self.body(graph)).text("prompt_id")))
    }
    #expect(await stage.get("/queue").text("queue_pending", "2", "1") == ids[2])
    #expect(await stage.json("/queue", #"{"delete": ["\#(ids[1])"]}"#).status == 200)
    let history = try await finished(stage, HTTPResponse(json: ["prompt_id": ids[1]]))
    #expect(history.text(ids[1], "status", "messages", "2", "0") == "execution_interrupted")
    #expect(stage.queue.load.waiting == 2)
    // One that is at work is interrupted; with an empty body, as clients send it.
    let batch = try #require(await stage.queue.next())
    for _ in 0..<1000 where await stage.get("/queue").text("queue_running", "0", "1") != ids[0] {
      try await Task.sleep(for: .milliseconds(5))
    }
    let cancelled = Flag()
    stage.queue.whenUnwanted(batch) { cancelled.raise() }
    #expect(await stage.json("/interrupt", "").status == 200)
    for _ in 0..<1000 where !cancelled.isRaised { try await Task.sleep(for: .milliseconds(5)) }
    #expect(cancelled.isRaised)
    _ = await stage.json("/queue", #"{"clear": true}"#)
    _ = try await finished(stage, HTTPResponse(json: ["prompt_id": ids[2]]))
    _ = await stage.json("/history", #"{"delete": ["\#(ids[2])"]}"#)
    #expect(await stage.get("/history").text(ids[2]) == nil)
    _ = await stage.json("/history", #"{"clear": true}"#)
    #expect(await stage.get("/history").field() == [:])
  }

  @Test func picturesAreSentAndNamedAsComfyUIDoes() async throws {
    let stage = try Stage()
    let (one, two) = (try png(), try png(width: 72))
    func upload(_ bytes: [UInt8], _ more: [(String, FormValue)] = [], path: String = "/upload/image") async
      -> HTTPResponse
    {
      await stage.form(path, [("image", .file(bytes))] + more)
    }
    #expect(await upload(one).field() == ["name": "image", "subfolder": "", "type": "input"])
    #expect(await upload(one).text("name") == "image", "the same is kept once")
    #expect(await upload(two).text("name") == "image (1)")
    #expect(await upload(two, [("overwrite", "true")]).text("name") == "image")
    #expect(await upload(one, [("subfolder", "a/b")]).text("subfolder") == "a/b")
    #expect(await stage.get("/view", query: ["filename": "image", "type": "input"]).bytes == two)
    #expect(
      await stage.get("/view", query: ["filename": "image", "type": "input", "subfolder": "a/b"]).bytes == one
    )
    for name in ["../image", "/etc/passwd", "", "image\0"] {
      #expect(await stage.get("/view", query: ["filename": name, "type": "input"]).status == 404)
    }
    #expect(await stage.get("/view", query: ["filename": "image", "type": "models"]).status == 400)
    for wrong in [[("subfolder", "../up")], [("subfolder", "a/./b")]] as [[(String, FormValue)]] {
      #expect(await upload(one, wrong).status == 400)
    }
    #expect(await upload(Array("no picture".utf8)).status == 400)
    #expect(await stage.form("/upload/image", [("image", "text")]).status == 400)
    let mask = await upload(
      one, [("original_ref", #"{"filename": "image", "type": "input"}"#), ("subfolder", "masks")],
      path: "/api/upload/mask")
    #expect(mask.status == 200 && mask.text("subfolder") == "masks")
    #expect(
      await stage.get("/view", query: ["filename": "image", "type": "input", "subfolder": "masks"]).bytes
        == two)
  }

  @Test func picturesGoTheOldestFirst() throws {
    let files = ComfyFiles(limit: 10)
    func name(_ text: String) -> ComfyFiles.Name {
      ComfyFiles.Name(room: "", folder: .input, subfolder: "", name: text)
    }
    func add(_ text: String, _ count: Int) -> ComfyFiles.Name? {
      files.add(
        ComfyFiles.File([UInt8](repeating: 0, count: count), mediaType: ""), as: name(text), overwrites: false
      )
    }
    #expect(add("a", 4) != nil && add("b", 4) != nil && add("c", 4) != nil)
    #expect(files.file(name("a")) == nil && files.file(name("b")) != nil && files.file(name("c")) != nil)
    #expect(add("d", 11) == nil)
    let old = ComfyFiles(time: .zero)
    _ = old.add(ComfyFiles.File([1], mediaType: ""), as: name("a"), overwrites: false)
    #expect(old.file(name("a")) == nil)
  }

  @Test func nodesAreDescribed() async throws {
    let stage = try Stage()
    let info = await stage.get("/object_info")
    #expect(
      info.text("CheckpointLoaderSimple", "input", "required", "ckpt_name", "0", "0") == Known.model.name)
    #expect(info.text("KSampler", "input", "required", "seed", "1", "max") == "18446744073709551615")
    #expect(info.text("VAELoader", "input", "required", "vae_name", "0", "0") == Known.model.name)
    #expect(info.text("UpscaleModelLoader", "input", "required", "model_name", "0", "0") == "animevideov3")
    #expect(await stage.get("/object_info/KSampler").field("KSampler") == info.field("KSampler"))
    #expect(await stage.get("/object_info/Unknown").field() == [:])
    #expect(await stage.get("/api/models/checkpoints").field() == [.text(Known.model.name)])
    #expect(await stage.get("/api/models/secrets").status == 404)
    for path in ["/system_stats", "/embeddings", "/extensions", "/features", "/api/models", "/api/queue"] {
      #expect(await stage.get(path).status == 200)
    }
  }

  @Test func everyKeySeesItsOwn() async throws {
    let stage = try Stage(keys: try KeyRing(keys: ["one", "two"]))
    #expect(await stage.json("/prompt", Self.body()).status == 401)
    func room(_ client: String, _ key: String) -> (HTTPRequest) -> HTTPRequest {
      {
        var request = $0
        (request.client, request.headers["authorization"], request.headers["host"]) = (
          client, key, "localhost"
        )
        return request
      }
    }
    let (one, two) = (room("key-1", "one"), room("key-2", "two"))
    let answer = await stage.reception.answer(
      one(HTTPRequest("POST", "/prompt", body: Array(Self.body().utf8))))
    let id = try #require(answer.text("prompt_id"))
    for _ in 0..<1000
    where await stage.reception.answer(one(HTTPRequest("GET", "/history/\(id)"))).text(id) == nil {
      try await Task.sleep(for: .milliseconds(5))
    }
    var view = HTTPRequest("GET", "/view")
    view.query = ["filename": "ComfyUI_00001_.png"]
    #expect(await stage.reception.answer(one(view)).status == 200)
    #expect(await stage.reception.answer(two(view)).status == 404)
    #expect(await stage.reception.answer(two(HTTPRequest("GET", "/history/\(id)"))).field() == [:])
  }

  @Test func refusalsOfPathsAreComfyUIs() async throws {
    let stage = try Stage()
    #expect(await stage.get("/history/a/b").text("error", "type") == "not_found")
    #expect(await stage.get("/interrupt").text("error", "type") == "method_not_allowed")
    #expect(await stage.json("/free", #"{"unload_models": true}"#).status == 200)
    #expect(await stage.get("/ws").text("error", "type") == "bad_request")
  }

  @Test func pagesOfOthersAreRefused() async throws {
    let stage = try Stage()
    let foreign: HTTPHeaders = ["origin": "https://evil.example"]
    #expect(await stage.json("/prompt", Self.body(), headers: foreign).status == 403)
    #expect(await stage.get("/view", headers: foreign).status == 403)
    #expect(await stage.form("/upload/image", [("image", .file(try png()))], headers: foreign).status == 403)
  }
}
