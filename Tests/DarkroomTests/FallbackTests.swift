import CPUBackend
import Darkroom
import Graph
import Pictures
import PipelineTestSupport
import Testing

/// What a job does where numbers are not finite in 16 bits, or memory is short.
@Suite struct FallbackTests {
  private func request() -> GenerationRequest {
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps, request.seed, request.count) = (64, 64, 3, 1, 2)
    (request.sampler, request.guidanceScale, request.precision) = ("euler", 7, .bfloat16)
    return request
  }

  /// What a backend makes of the request.
  private func pictures(
    _ request: GenerationRequest, spoiling output: String? = nil, in bytes: Int? = nil,
    progress: @escaping (GenerationProgress) -> Void = { _ in }
  ) throws -> (pixels: [[UInt8]], notices: [String], fractions: [Double], drops: Int) {
    let backend = try SpoiltBackend(output: output, bytesAvailable: bytes)
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
    var (pixels, notices, fractions): ([[UInt8]], [String], [Double]) = ([], [], [])
    try pipeline.generate(
      pipeline.resolve(request),
      Reporter(
        progress: {
          fractions.append($0.fraction)
          progress($0)
        }, notice: { notices.append($0.description) },
        finished: { pixels.append($0.pixels) }))
    return (pixels, notices, fractions, backend.drops)
  }

  @Test(arguments: [
    ("context", "encoding the prompt"), ("prediction", "sampling"), ("picture", "decoding"),
  ])
  func theStageRunsAgainInFloat32(output: String, stage: String) throws {
    let made = try pictures(request(), spoiling: output)
    #expect(made.pixels.count == 2 && made.pixels.allSatisfy { $0.count == 64 * 64 * 3 })
    #expect(made.notices.contains { $0.contains("not finite") && $0.hasSuffix("\(stage) again in float32") })
    #expect(made.fractions.allSatisfy { (0...1).contains($0) } && made.fractions.last == 1)
    // One stage in another arithmetic changes the picture by little.
    let whole = try pictures(request(), spoiling: nil)
    #expect(whole.notices.isEmpty)
    let differences = zip(made.pixels.joined(), whole.pixels.joined()).map { abs(Int($0) - Int($1)) }
    let total = differences.reduce(0, +)
    #expect(total < 8 * differences.count)
  }

  /// Memory for the largest network, but not for all.
  @Test func networksTakeTurns() throws {
    var request = request()
    request.count = 1
    let all = try estimate(request, in: .max)
    let bytes = try #require(
      try stride(from: all.peak, to: all.least, by: -(1 << 18)).first {
        let estimate = try estimate(request, in: $0)
        return estimate.takesTurns && estimate.strips == nil
      })
    let made = try pictures(request, in: bytes)
    // Before UNet and decoder; before the text encoder there is nothing to drop.
    #expect(made.notices.contains { $0.contains("one at a time") } && made.drops == 2)
    #expect(made.pixels == (try pictures(request).pixels))
  }

  /// And no byte less.
  @Test func theLeastMemoryIsEnough() throws {
    var request = request()
    (request.width, request.height, request.count) = (192, 192, 1)
    (request.precision, request.secondPass) = (.float32, .never)
    let least = try estimate(request, in: .max).least
    let made = try pictures(request, in: least)
    #expect(made.notices.contains { $0.contains("strips") })
    let whole = try pictures(request).pixels
    #expect(zip(made.pixels.joined(), whole.joined()).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    #expect(throws: DarkroomError.self) { try pictures(request, in: least - 1) }
    let error = #expect(throws: DarkroomError.self) { try pictures(request, in: least / 2) }
    #expect(
      error?.kind == .resources
        && error?.description.contains("needs \((least - 1) / (1 << 20) + 1) MiB") == true)
  }

  /// What is enough for four pictures in 16 bits is not in float32.
  @Test func theBatchIsPlannedAgainForFloat32() throws {
    var request = request()
    request.count = 4
    var exact = request
    exact.precision = .float32
    let most = try estimate(request, in: .max).peak
    let bytes = try #require(
      try stride(from: most, to: 0, by: -(1 << 16)).first {
        let (half, full) = (try estimate(request, in: $0), try estimate(exact, in: $0))
        return half.batch == 4 && half.peak <= $0 && full.batch < 4 && full.peak <= $0
      })
    var batches: [Int] = []
    let made = try pictures(request, spoiling: "prediction", in: bytes) {
      if $0.stage == .sampling { batches.append($0.batch) }
    }
    #expect(made.pixels.count == 4 && batches.contains(4))
    #expect(batches.contains { $0 < 4 }, "\(made.notices)")
    let whole = try pictures(request, spoiling: "prediction")
    #expect(made.pixels.map(\.count) == whole.pixels.map(\.count))
    let differences = zip(made.pixels.joined(), whole.pixels.joined()).map { abs(Int($0) - Int($1)) }
    #expect((differences.max() ?? 255) <= 8)
  }

  private func estimate(_ request: GenerationRequest, in bytes: Int) throws -> MemoryEstimate {
    let backend = try SpoiltBackend(output: nil, bytesAvailable: bytes)
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
    return try pipeline.estimate(pipeline.resolve(request))
  }

  @Test func float32HasNoOtherWay() throws {
    var request = request()
    request.precision = .float32
    let error = #expect(throws: DarkroomError.self) { try pictures(request, spoiling: "all") }
    #expect(error?.kind == .nonFinite)
  }
}

/// The processor, but that one output of the networks stored in bfloat16 is no number, or of all networks, and that
/// memory is as little as is asked for.
private final class SpoiltBackend: Backend {
  private let backend: CPUBackend
  private let output: String?
  let bytesAvailable: Int?

  init(output: String?, bytesAvailable: Int?) throws {
    backend = try CPUBackend(threads: 2)
    self.output = output
    self.bytesAvailable = bytesAvailable
  }

  var summary: String { backend.summary }
  var storages: [Storage] { backend.storages }
  var bytesHeld: Int { backend.bytesHeld }
  var arenaBytesHeld: Int { backend.arenaBytesHeld }
  func arenaBytes(_ plan: Plan) -> Int { backend.arenaBytes(plan) }
  func scratchBytes(_ plan: Plan) -> Int { backend.scratchBytes(plan) }
  func weightBytes(_ plans: [Plan]) -> Int { backend.weightBytes(plans) }
  func missingWeightBytes(_ plans: [Plan]) -> Int { backend.missingWeightBytes(plans) }
  private(set) var drops = 0

  func dropValues() { backend.dropValues() }

  func dropParameters(of source: any WeightSource) {
    drops += 1
    backend.dropParameters(of: source)
  }

  func prepare(_ plan: Plan) throws -> any Program {
    let spoilt = output == "all" ? plan.outputs.first?.name : plan.storage == .bfloat16 ? output : nil
    return SpoiltProgram(program: try backend.prepare(plan), output: spoilt)
  }
}

private final class SpoiltProgram: Program {
  private let program: any Program
  private let output: String?
  private var reads = 0

  init(program: any Program, output: String?) {
    self.program = program
    self.output = output
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) { program.write(values, to: input) }
  func run(_ rate: Rate, check: () throws -> Void) throws { try program.run(rate, check: check) }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) {
    program.read(name, into: values)
    reads += 1
    // Sampling goes well for a step.
    if name == output, name != "prediction" || reads > 1 { values[values.count / 2] = .nan }
  }
}
