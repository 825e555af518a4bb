import CPUBackend
import Darkroom
import Families
import Foundation
import Graph
import PipelineTestSupport
import Testing
import VulkanBackend

/// A family that is nothing like Stable Diffusion 1, and two families on one device.
@Suite final class OtherFamilyTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID())")
    .path
  private let toy: LoadedModel
  private let tiny: LoadedModel

  init() throws {
    try ToyFlow.write(to: folder)
    toy = try LoadedModel(ModelSource(path: folder), among: [ToyFlow.family] + ModelFamily.all)
    tiny = try LoadedModel(ModelSource(path: TinyModel.folder), among: [ToyFlow.family] + ModelFamily.all)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func request(_ change: (inout GenerationRequest) -> Void = { _ in }) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps, request.seed) = (32, 24, 3, 5)
    (request.precision, request.guidanceScale) = (.float32, 3)
    change(&request)
    return request
  }

  /// The file's bytes of all pictures.
  private func pictures(
    _ pipeline: Pipeline, _ request: GenerationRequest, notices: (Notice) -> Void = { _ in }
  ) throws -> [[UInt8]] {
    var files: [[UInt8]] = []
    try withoutActuallyEscaping(notices) { notices in
      try pipeline.generate(
        pipeline.resolve(request), Reporter(notice: notices) { files.append(try $0.encoded()) })
    }
    return files
  }

  private func pipeline(_ model: LoadedModel, threads: Int = 2) throws -> Pipeline {
    Pipeline(model, ResidentModels(try CPUBackend(threads: threads)))
  }

  @Test func threePredictionsRunTogether() throws {
    let backend = try RecordingBackend(bytesAvailable: nil)
    let pipeline = Pipeline(toy, ResidentModels(backend))
    #expect(try pictures(pipeline, request()).count == 1)
    #expect(backend.runs.map(\.batch) == [3, 3, 3])
    // In steps without guidance the last prediction is alone.
    let window = try pictures(pipeline, request { $0.guidanceEnd = 0.4 })
    #expect(backend.runs.map(\.batch).suffix(3) == [3, 1, 1])
    #expect(try pictures(pipeline, request()) != window)
  }

  @Test func everyInputMatters() throws {
    let pipeline = try pipeline(toy)
    let picture = try pictures(pipeline, request())
    #expect(try pictures(pipeline, request()) == picture)
    #expect(try pictures(pipeline, request { $0.prompt = "a house" }) != picture)
    #expect(try pictures(pipeline, request { $0.negativePrompt = "fog" }) != picture)
    #expect(try pictures(pipeline, request { $0.seed = 6 }) != picture)
    #expect(try pictures(pipeline, request { $0.sampler = "heun" }) != picture)
  }

  @Test func batchesAndThreadsDoNotMatter() throws {
    let pictures = try pictures(pipeline(toy), request { $0.count = 3 })
    for (index, picture) in pictures.enumerated() {
      let single = try self.pictures(pipeline(toy, threads: 1), request { $0.seed = 5 + UInt64(index) })
      #expect(single == [picture])
    }
  }

  /// Twice the native side: drawn small, enlarged through this family's own autoencoder.
  @Test func theSecondPass() throws {
    var notices: [String] = []
    let large = try pictures(
      pipeline(toy),
      request { ($0.width, $0.height) = (64, 64) }, notices: { notices.append($0.description) })
    #expect(large.count == 1 && notices.contains { $0.contains("second pass") })
  }

  @Test func samplersOfDiffusionModelsAreRefused() throws {
    let error = #expect(throws: (any Error).self) {
      try pipeline(toy).resolve(request { $0.sampler = "lcm" })
    }
    #expect("\(String(describing: error))".contains("lcm"))
  }

  // MARK: Two families on one device

  /// Bytes that hold either model's work, not both.
  private func limit() throws -> (limit: Int, both: Int) {
    let free = ResidentModels(try CPUBackend(threads: 2))
    let needs = try [toy, tiny].map { model in
      let pipeline = Pipeline(model, free)
      let need = try pipeline.estimate(pipeline.resolve(request()))
      #expect(!need.takesTurns && need.strips == nil)
      return need
    }
    let weights = needs.map(\.weights)
    return (needs.map(\.peak).max() ?? 0, (needs.map(\.peak).max() ?? 0) + (weights.min() ?? 0))
  }

  @Test func aBudgetForOneOfThem() throws {
    let alone = try [toy, tiny].map { try pictures(pipeline($0), request()) }
    let backend = try CPUBackend(threads: 2)
    let limit = try limit().limit
    let residents = ResidentModels(backend, limit: limit)
    for round in 0..<3 {
      for (model, expected) in zip([toy, tiny], alone) {
        var notices: [String] = []
        let made = try pictures(Pipeline(model, residents), request()) { notices.append($0.description) }
        #expect(made == expected, "round \(round)")
        // Nothing but the other model had to go.
        #expect(!notices.contains { $0.hasPrefix("memory:") }, "\(notices)")
        #expect(backend.bytesHeld <= limit)
      }
    }
    // The first one went for the second: its weights are to be packed again.
    let plans = try Pipeline(toy, residents).workload(
      Pipeline(toy, residents).resolve(request()), storing: .float32
    ).modules(batch: 1).map { Plan($0.graph()) }
    #expect(backend.missingWeightBytes(plans) == backend.weightBytes(plans))
  }

  @Test func aBudgetForBothKeepsBoth() throws {
    let backend = try CPUBackend(threads: 2)
    let residents = ResidentModels(backend, limit: try limit().both + (8 << 20))
    for model in [toy, tiny] { _ = try pictures(Pipeline(model, residents), request()) }
    for model in [toy, tiny] {
      let pipeline = Pipeline(model, residents)
      let plans = try pipeline.workload(pipeline.resolve(request()), storing: .float32).modules(batch: 1)
        .map { Plan($0.graph()) }
      #expect(backend.missingWeightBytes(plans) == 0)
    }
  }

  /// Programs of two models over one arena, which grows and moves under the first one's commands.
  @Test func twoModelsOnOneVulkanDevice() throws {
    let instance = try Instance(validating: true)
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    let backend = try VulkanBackend(instance, device: software.index)
    let residents = ResidentModels(backend)
    let (one, other) = (Pipeline(toy, residents), Pipeline(tiny, residents))
    let first = try pictures(one, request())
    let second = try pictures(other, request { ($0.width, $0.height) = (64, 64) })
    #expect(try pictures(one, request()) == first)
    residents.removeAll()
    #expect(try pictures(other, request { ($0.width, $0.height) = (64, 64) }) == second)
    #expect(try pictures(one, request()) == first)
    #expect(instance.validationMessages.isEmpty, "\(instance.validationMessages.prefix(3))")
  }
}
