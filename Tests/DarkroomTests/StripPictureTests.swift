import CPUBackend
import Darkroom
import Graph
import Pictures
import PipelineTestSupport
import Testing
import VulkanBackend

/// Whole requests where memory is short: pictures in strips are those of whole values.
@Suite(.serialized) struct StripPictureTests {
  private typealias Made = (pixels: [[UInt8]], notices: [String])

  private static func make(_ request: GenerationRequest, _ pipeline: Pipeline) throws -> Made {
    var made: Made = ([], [])
    try pipeline.generate(
      pipeline.resolve(request),
      Reporter(notice: { made.notices.append($0.description) }, finished: { made.pixels.append($0.pixels) }))
    return made
  }

  private static func request(side: Int) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.width, request.height, request.steps, request.seed) = (side, side, 2, 3)
    (request.precision, request.secondPass) = (.float32, .never)
    return request
  }

  /// Limits from all memory down to the least, and what is made within them.
  private static func compare(
    _ request: GenerationRequest, _ model: ModelSource, _ backend: () throws -> any Backend, most: Int = 1
  ) throws {
    func pipeline(_ limit: Int?) throws -> Pipeline {
      try Pipeline(model, backend(), memoryLimit: limit)
    }
    let whole = try pipeline(nil)
    let need = try whole.estimate(whole.resolve(request))
    let expected = try make(request, whole)
    #expect(!expected.notices.contains { $0.hasPrefix("memory:") })
    var kinds: Set<Bool> = []
    for limit in [need.peak - 1, (need.peak + need.least) / 2, need.least] {
      let small = try pipeline(limit)
      let estimate = try small.estimate(small.resolve(request))
      #expect(estimate.available == limit && estimate.peak <= limit && estimate.least == need.least)
      guard estimate.strips != nil else { continue }
      kinds.insert(estimate.extraOperations ?? 0 > 0.2)
      let made = try make(request, small)
      #expect(made.notices.contains { $0.contains("strips") && $0.contains("more operations") })
      #expect(made.pixels.map(\.count) == expected.pixels.map(\.count))
      #expect(
        zip(made.pixels.joined(), expected.pixels.joined()).allSatisfy { abs(Int($0) - Int($1)) <= most })
    }
    #expect(kinds.contains(true), "values must be made again in the least memory")
    let error = #expect(throws: DarkroomError.self) { try make(request, pipeline(need.least / 2)) }
    #expect(error?.kind == .resources)
  }

  @Test func theTinyModel() throws {
    try Self.compare(
      Self.request(side: 192), ModelSource(path: TinyModel.folder), { try CPUBackend(threads: 2) })
  }

  @Test func theBuiltInModel() throws {
    try Self.compare(Self.request(side: 256), .builtIn, { try CPUBackend() })
  }

  /// The encoder works in strips too.
  @Test func twoPasses() throws {
    var request = Self.request(side: 192)
    request.secondPass = .auto
    #expect(try TinyModel.pipeline().resolve(request).second != nil)
    try Self.compare(request, ModelSource(path: TinyModel.folder), { try CPUBackend(threads: 2) }, most: 2)
  }

  @Test func vulkan() throws {
    let instance = try Instance(validating: true)
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    try Self.compare(
      Self.request(side: 128), ModelSource(path: TinyModel.folder),
      { try VulkanBackend(instance, device: software.index) })
    #expect(instance.validationMessages.isEmpty, "\(instance.validationMessages.prefix(3))")
  }

  /// The second request finds weights and values of the first, which count against the limit.
  @Test func aLimitHoldsForAllRequestsOfAnEngine() throws {
    let (small, large) = (Self.request(side: 64), Self.request(side: 128))
    let free = try TinyModel.pipeline()
    let peak = try free.estimate(free.resolve(large)).peak
    let backend = try CPUBackend(threads: 2)
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend, memoryLimit: peak)
    for request in [small, large, small, large] {
      let made = try Self.make(request, pipeline)
      #expect(!made.notices.contains { $0.contains("strips") } && backend.bytesHeld <= peak)
    }
  }
}
