import CPUBackend
import Darkroom
import Graph
import PipelineTestSupport
import TestSupport
import Testing

/// What runs never exceeds what was planned, and plans are made once.
@Suite struct PlannedMemoryTests {
  /// Requests of the tiny model that differ in everything that decides which networks run, and at what sizes.
  private static func requests(_ count: Int) -> [GenerationRequest] {
    var random = SeededGenerator(seed: 20)
    return (0..<count).map { _ in
      let words = Int.random(in: 0...2, using: &random) == 0 ? 50 : 1
      var request = GenerationRequest(prompt: String(repeating: "a boat, ", count: words))
      request.negativePrompt = Bool.random(using: &random) ? nil : "fog"
      request.clipSkip = Int.random(in: 0...1, using: &random)
      request.guidanceScale = [1, 7].randomElement(using: &random)
      request.guidanceEnd = [0, 0.5, 1].randomElement(using: &random)
      request.width = 8 * Int.random(in: 6...18, using: &random)
      request.height = 8 * Int.random(in: 6...18, using: &random)
      request.secondPass = Bool.random(using: &random) ? .auto : .never
      request.count = Int.random(in: 1...3, using: &random)
      request.sampler = ["euler", "dpm_adaptive"].randomElement(using: &random)
      request.precision = [.float32, .bfloat16, .int8].randomElement(using: &random)
      request.prompts = Bool.random(using: &random) ? nil : [WeightedPrompt(text: "a mast", weight: 0.5)]
      (request.steps, request.seed) = (2, 1)
      return request
    }
  }

  @Test func whatRunsWasPlanned() throws {
    for (index, request) in Self.requests(24).enumerated() {
      let backend = try RecordingBackend(bytesAvailable: nil)
      let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
      let job = try pipeline.resolve(request)
      let plan = try pipeline.estimate(job)
      try pipeline.generate(job, Reporter { _ in })
      #expect(backend.mostHeld <= plan.weights + plan.arena, "request \(index)")
      #expect(backend.scratch + pipeline.pictureBytes(job) <= plan.scratch, "request \(index)")
      // Nor was much planned that did not run: the arena is the largest network's.
      #expect(backend.mostHeld >= plan.arena, "request \(index)")
    }
  }

  /// In turns it is the network that needs most.
  @Test func whatRunsInTurnsWasPlanned() throws {
    for request in Self.requests(6) {
      let free = try TinyModel.pipeline()
      let least = try free.estimate(free.resolve(request)).least
      let backend = try RecordingBackend(bytesAvailable: least)
      let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
      let plan = try pipeline.estimate(pipeline.resolve(request))
      #expect(plan.takesTurns && plan.peak <= least)
      try pipeline.generate(pipeline.resolve(request), Reporter { _ in })
      #expect(backend.mostHeld <= plan.weights + plan.arena)
    }
  }

  @Test func aSecondRefusalPlansNothing() throws {
    let backend = try RecordingBackend(bytesAvailable: 1 << 20)
    let residents = ResidentModels(backend)
    let model = try LoadedModel(ModelSource(path: TinyModel.folder))
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.clipSkip) = (256, 256, 1)
    func refusal() throws -> String {
      let pipeline = Pipeline(model, residents)
      let error = #expect(throws: DarkroomError.self) {
        try pipeline.generate(pipeline.resolve(request), Reporter { _ in })
      }
      #expect(error?.kind == .resources)
      return try #require(error).description
    }
    let first = try refusal()
    let plans = backend.planned
    #expect(plans > 10)
    #expect(try refusal() == first && backend.planned == plans)
    // Another size is planned anew.
    request.width = 512
    #expect(try refusal() != first && backend.planned > plans)
  }
}
