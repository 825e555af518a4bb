import Darkroom
import Server
import Synchronization
import TestSupport
import Testing

/// Stability's gRPC API with messages of real clients (`scripts/fixtures/grpc/make_messages.py`).
@Suite struct StabilityServiceTests {
  private static let generate = "/gooseai.GenerationService/Generate"

  private func message(_ name: String) throws -> [UInt8] { [UInt8](try Fixtures.data("grpc/\(name).bin")) }

  private func service(_ stage: Stage, keepAlive: Duration = .seconds(3600)) -> StabilityService {
    StabilityService(stage.premises, keys: nil, keepAlive: keepAlive)
  }

  private func answers(_ stage: Stage, _ message: [UInt8], of path: String = generate) async throws
    -> [[UInt8]]
  {
    var answers: [[UInt8]] = []
    for try await answer in service(stage).answer(GRPCCall(path: path, message: message)) {
      answers.append(answer)
    }
    return answers
  }

  @Test func aTextBecomesAPicture() async throws {
    let stage = try Stage()
    #expect(try await answers(stage, message("text_to_image")).count == 1)
    let request = try #require(stage.drawings.first)
    #expect((request.prompt, request.width, request.height) == ("a cat", 512, 512))
    #expect((request.steps, request.guidanceScale, request.seed) == (30, 7, 42))
    let order = try #require(stage.ordered.first)
    #expect(order.output.most == 10_000_000, "clients take no larger message than 10 MiB")
  }

  @Test func weightsSamplerAndStyleOfAClient() async throws {
    let stage = try Stage()
    _ = try await answers(stage, message("weights_sampler_style"))
    let request = try #require(stage.drawings.first)
    #expect(request.prompts?.isEmpty == false || !request.negativePrompt.isEmpty)
    #expect(request.prompt.contains(", "), "the style's words follow the prompt")
  }

  @Test func theStartOfTheScheduleIsTheStrength() async throws {
    let stage = try Stage()
    _ = try await answers(stage, message("image_to_image"))
    let request = try #require(stage.drawings.first)
    #expect(request.initPicture != nil && request.mask == nil)
    #expect(request.strength.map { $0 > 0 && $0 < 1 } == true)
  }

  @Test func blackOfAMaskIsDrawnAnew() async throws {
    let stage = try Stage()
    for name in ["inpainting", "context_inpaint"] { _ = try await answers(stage, message(name)) }
    #expect(stage.drawings.count == 2)
    for request in stage.drawings {
      #expect(request.mask != nil && request.inpaintArea == .masked)
    }
    #expect(stage.drawings[1].maskFill == GenerationRequest.MaskFill.none)
  }

  @Test func upscalingAndOthersOfTheContext() async throws {
    let stage = try Stage()
    for name in ["upscaling", "context_upscale", "context_generate", "context_ddim", "defaults"] {
      _ = try await answers(stage, message(name))
    }
    let scales = stage.ordered.compactMap {
      if case .upscaling(let work) = $0.work { work.scale } else { nil }
    }
    #expect(scales.count == 2 && scales.allSatisfy { $0 > 1 })
    #expect(stage.drawings.contains { $0.sampler == "ddim" })
  }

  /// Their pictures are some bytes that are none, which is found when all else was read.
  @Test func otherClients() async throws {
    let stage = try Stage()
    let chain = "/gooseai.GenerationService/ChainGenerate"
    for (name, path) in [("other_typescript", Self.generate), ("other_stablestudio", chain)] {
      let failure = await #expect(throws: GRPCFailure.self) {
        try await answers(stage, message(name), of: path)
      }
      #expect(failure?.code == .invalidArgument && failure?.message.contains("not a picture") == true)
    }
  }

  @Test func aChainDrawsEachStageButAssets() async throws {
    let stage = try Stage()
    // Stages are field 2, their requests field 2 of them; requests of assets are field 8.
    func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
      [number << 3 | 2]
        + (bytes.count < 128
          ? [UInt8(bytes.count)] : [UInt8(bytes.count & 127) | 128, UInt8(bytes.count >> 7)]) + bytes
    }
    let picture = field(2, field(2, try message("text_to_image")))
    let asset = field(2, field(2, field(8, [])))
    let chain = "/gooseai.GenerationService/ChainGenerate"
    #expect(try await answers(stage, picture + asset, of: chain).count == 1)
    #expect(stage.ordered.count == 1)
  }

  @Test func accountsAndEngines() async throws {
    let stage = try Stage()
    for (path, name) in [
      ("DashboardService/GetMe", "defaults"), ("DashboardService/GetOrganization", "get_organization"),
      ("EnginesService/ListEngines", "defaults"),
    ] {
      let answer = try await answers(stage, name == "defaults" ? [] : message(name), of: "/gooseai.\(path)")
      #expect(answer.count == 1 && answer[0].isEmpty == false)
    }
    #expect(try await answers(stage, [], of: "/gooseai.ProjectService/QueryAssets") == [[]])
  }

  @Test func whatIsNotServedSaysSo() async throws {
    let stage = try Stage()
    let unknown = await #expect(throws: GRPCFailure.self) {
      try await answers(stage, [], of: "/gooseai.FineTuningService/CreateModel")
    }
    #expect(unknown?.code == .unimplemented)
    let adapter = await #expect(throws: GRPCFailure.self) {
      try await answers(stage, message("adapter"))
    }
    #expect(adapter?.code == .unimplemented && adapter?.message.contains("ControlNet") == true)
    let broken = await #expect(throws: GRPCFailure.self) { try await answers(stage, [0x0A, 0xFF]) }
    #expect(broken?.code == .invalidArgument)
    // engine_id "none", and an empty message of image parameters.
    let engine = await #expect(throws: GRPCFailure.self) {
      try await answers(stage, [0x0A, 4] + Array("none".utf8) + [0x2A, 0])
    }
    #expect(engine?.code == .notFound && engine?.message.contains("stable-diffusion-v1-6") == true)
  }

  @Test func aPromptThatIsNotAllowedGetsAText() async throws {
    let stage = try Stage(words: ["cat"])
    let answer = try #require(try await answers(stage, message("text_to_image")).first)
    #expect(stage.ordered.isEmpty)
    #expect(String(decoding: answer, as: UTF8.self).contains("flagged by our content moderation"))
  }

  @Test func keysAreAskedForWhereTheyCanCome() async throws {
    let stage = try Stage()
    let keys = try KeyRing(keys: ["right"])
    let service = StabilityService(stage.premises, keys: keys)
    for (headers, passes) in [
      ([:], false), (["authorization": "Bearer wrong"], false),
      (["authorization": "Bearer right"], true),
    ] as [(HTTPHeaders, Bool)] {
      let call = GRPCCall(
        path: "/gooseai.EnginesService/ListEngines", headers: headers, message: [])
      do {
        for try await _ in service.answer(call) {}
        #expect(passes)
      } catch let failure as GRPCFailure {
        #expect(!passes && failure.code == .unauthenticated)
      }
    }
  }

  @Test func tooManyCallsAreToldToTryAgain() async throws {
    let stage = try Stage(rate: 1e-6)
    _ = try await answers(stage, [], of: "/gooseai.EnginesService/ListEngines")
    let failure = await #expect(throws: GRPCFailure.self) {
      try await answers(stage, [], of: "/gooseai.EnginesService/ListEngines")
    }
    #expect(failure?.code == .unavailable)
  }

  @Test func whoWaitsIsToldThatTheServerIsAtWork() async throws {
    let stage = try Stage(draws: false)
    let call = GRPCCall(path: Self.generate, message: try message("text_to_image"))
    var waiting = 0
    for try await answer in service(stage, keepAlive: .milliseconds(5)).answer(call) {
      #expect(answer.count < 200, "no picture")
      waiting += 1
      if waiting == 3 { break }
    }
    #expect(waiting == 3)
    for _ in 0..<500 where stage.queue.load.waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(stage.queue.load.waiting == 0, "who leaves cancels the job")
  }

  @Test func aCallThatIsLeftIsLoggedAsCancelled() async throws {
    let stage = try Stage(draws: false)
    let lines = Mutex<[String]>([])
    let log = AccessLog { line in lines.withLock { $0.append(line) } }
    let service = StabilityService(stage.premises, keys: nil, log: log, keepAlive: .milliseconds(5))
    let call = GRPCCall(path: Self.generate, message: try message("text_to_image"))
    for try await _ in service.answer(call) { break }
    for _ in 0..<500 where lines.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
    #expect(lines.withLock { $0.first?.contains("status=1 ") } == true)
  }

  @Test func aSecondTryJoinsTheJobOfTheFirst() async throws {
    let stage = try Stage(draws: false, secondTries: SecondTries(patience: .seconds(3600)))
    let service = StabilityService(stage.premises, keys: nil)
    let call = GRPCCall(
      path: Self.generate, headers: ["grpc-timeout": "100m"], message: try message("text_to_image"))
    let first = Task { for try await _ in service.answer(call) {} }
    while stage.queue.load.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
    // The client gives up when its time is over.
    try await Task.sleep(for: .milliseconds(500))
    first.cancel()
    _ = await first.result
    try await Task.sleep(for: .milliseconds(50))
    #expect(stage.queue.load.waiting == 1, "the job goes on")
    let second = Task { for try await _ in service.answer(call) {} }
    try await Task.sleep(for: .milliseconds(50))
    #expect(stage.queue.load.waiting == 1, "and is joined")
    second.cancel()
  }
}
