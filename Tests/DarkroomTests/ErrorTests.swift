import Darkroom
import Foundation
import PipelineTestSupport
import Testing

@Suite struct ErrorTests {
  @Test func descriptionsAreMadeOfData() {
    #expect(
      DarkroomError(.request, field: "steps", found: "0", expected: "1 to 150").description
        == "steps: 0 is not possible; expected 1 to 150")
    #expect(DarkroomError(.model, "no model is loaded").description == "no model is loaded")
    #expect(
      DarkroomError(.request, field: "a", expected: "b", help: "did you mean c?", "is wrong").description
        == "a: is wrong; expected b; did you mean c?")
  }

  @Test(arguments: DarkroomError.Kind.allCases) func survivesJSON(kind: DarkroomError.Kind) throws {
    let error = DarkroomError(kind, field: "f", found: "x", expected: "y", help: "z", "m")
    #expect(try JSONDecoder().decode(DarkroomError.self, from: JSONEncoder().encode(error)) == error)
  }

  private static let wrong: [(field: String, change: @Sendable (inout GenerationRequest) -> Void)] = [
    ("steps", { $0.steps = 0 }), ("count", { $0.count = 1001 }), ("cfg_scale", { $0.guidanceScale = .nan }),
    ("guidance_rescale", { $0.guidanceRescale = 2 }), ("guidance_start", { $0.guidanceStart = -1 }),
    ("guidance_end", { ($0.guidanceStart, $0.guidanceEnd) = (0.5, 0.4) }), ("eta", { $0.eta = 1.5 }),
    ("width", { $0.width = 12 }), ("height", { $0.height = 4096 }), ("clip_skip", { $0.clipSkip = 60 }),
    ("sampler", { $0.sampler = "eulr" }), ("schedule", { $0.schedule = "karas" }),
    ("sampler", { ($0.system, $0.sampler) = (.a1111, "DPM++ 9M") }),
    ("precision", { $0.precision = .float16 }),
    ("prompt", { $0.prompt = String(repeating: "a", count: 10_001) }),
    ("prompt", { $0.prompt = "(a:1000)" }), ("negative_prompt", { $0.negativePrompt = "(a:1000)" }),
    ("prompts", { $0.prompts = [WeightedPrompt(text: "a", weight: .infinity)] }),
    ("seeds", { ($0.seeds, $0.count) = ([1, 2], 1) }), ("seeds", { $0.seeds = [] }),
    ("batch_place", { $0.batchPlace = GenerationRequest.BatchPlace("1/2") }),
  ]

  /// Whatever is wrong with a request, the engine's error is public, and names the field.
  @Test(arguments: wrong.indices) func wrongRequests(index: Int) async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    var request = GenerationRequest(prompt: "a")
    Self.wrong[index].change(&request)
    let refused = request
    for call in [
      { @Sendable in _ = try await engine.estimate(refused) },
      { @Sendable in try await engine.generate(refused) { _ in } },
    ] {
      let error = await #expect(throws: DarkroomError.self) { try await call() }
      #expect(error?.field == Self.wrong[index].field, "\(String(describing: error))")
      #expect(error?.kind == .request)
      #expect(error?.description.hasPrefix("\(Self.wrong[index].field): ") == true)
    }
  }

  /// Errors of files, too.
  @Test func wrongFiles() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appendingPathComponent("a.safetensors").path
    try Data("not a model".utf8).write(to: URL(fileURLWithPath: text))
    let engine = try Engine(device: .cpu, threads: 1)
    for path in [text, folder.path, "\(folder.path)/none", "", "/dev/null"] {
      let error = await #expect(throws: DarkroomError.self, "\(path)") {
        try await engine.load(ModelSource(path: path))
      }
      #expect(error?.kind == .model)
    }
    for path in [text, folder.path, "\(folder.path)/none", "", "/dev/null"] {
      #expect(throws: DarkroomError.self, "\(path)") { try GenerationRequest.read(fromPicture: path) }
      #expect(throws: DarkroomError.self, "\(path)") { try ResolvedRequest.read(fromPicture: path) }
    }
    let store = ModelStore(environment: ["HF_HUB_CACHE": folder.path, "HF_HUB_OFFLINE": "1"])
    await #expect(throws: DarkroomError.self) { try await store.pull("a/b") }
    await #expect(throws: DarkroomError.self) { try await store.pull("../x") }
    #expect(throws: DarkroomError.self) { try store.remove("a/b") }
    #expect(throws: DarkroomError.self) { try store.source(named: "a/b") }
    #expect(throws: DarkroomError.self) { try store.remove("") }
  }
}
