import CPUBackend
import Darkroom
import Families
import Graph
import PipelineTestSupport
import Sampling
import Testing

/// Guidance in some of the steps: the others run one half of the network, and no more than that.
@Suite struct GuidanceWindowTests {
  private func request(_ start: Double, _ end: Double, steps: Int = 5) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a boat")
    request.negativePrompt = "fog"
    request.precision = .float32
    (request.width, request.height, request.steps, request.seed) = (64, 64, steps, 1)
    (request.guidanceStart, request.guidanceEnd) = (start, end)
    (request.sampler, request.guidanceScale) = ("euler", 7)
    return request
  }

  private func made(_ request: GenerationRequest, in bytes: Int? = nil) throws -> (
    latents: Latents, job: Job, conditioning: Conditioning, runs: [RecordingBackend.Run]
  ) {
    let backend = try RecordingBackend(bytesAvailable: bytes)
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
    let job = try pipeline.resolve(request)
    let (latents, conditioning) = try pipeline.sampled(job)
    return (latents, job, conditioning, backend.runs)
  }

  @Test(arguments: [
    (0, 1, [2, 2, 2, 2, 2]), (0.2, 1, [1, 2, 2, 2, 2]), (0, 0.6, [2, 2, 2, 1, 1]),
    (0.4, 0.8, [1, 1, 2, 2, 1]),
    (0.5, 0.5, [1, 1, 1, 1, 1]), (0.41, 0.59, [1, 1, 1, 1, 1]), (0, 0, [1, 1, 1, 1, 1]),
    (1, 1, [1, 1, 1, 1, 1]),
  ])
  func halvesThatRun(start: Double, end: Double, halves: [Int]) throws {
    let made = try made(request(start, end))
    #expect(made.runs.map(\.batch) == halves)
    #expect((made.conditioning.negative != nil) == halves.contains(2))
  }

  /// The network's own answers, combined and taken through Euler's steps outside of the engine.
  @Test func latentsAreThoseMadeByHand() throws {
    let made = try made(request(0.4, 0.8))
    let negative = try #require(made.conditioning.negative)
    var noise: any NoiseSource = BatchNoise(seed: 1, batch: 1)
    var x = Latents(zerosLike: made.latents)
    noise.fill(&x)
    x.scale(by: made.job.first.steps.initialScale)
    var values = x.values.map { Double($0) }
    for (step, run) in zip(made.job.first.steps.steps, made.runs) {
      let positive = made.conditioning.positive
      #expect(run.context == (run.batch == 2 ? negative + positive : positive))
      let half = run.prediction.count / run.batch
      for index in 0..<half {
        let first = Double(run.prediction[index])
        let noise = run.batch == 2 ? first + 7 * (Double(run.prediction[half + index]) - first) : first
        values[index] += (step.to.sigma - step.from.sigma) * noise
      }
    }
    let largest = zip(values, made.latents.values).map { abs($0 - Double($1)) }.max() ?? .infinity
    #expect(largest < 1e-4)
    #expect(made.latents.statistics.nonFinite == 0)
  }

  @Test func withoutAWindowNothingChanges() throws {
    var plain = request(0, 1)
    let guided = try made(plain).latents
    #expect(try made(request(0.2, 1)).latents != guided)
    plain.guidanceScale = 1
    let alone = try made(plain).latents
    #expect(try made(request(0.6, 0.6)).latents == alone)
    #expect(alone != guided)
  }

  /// Rescaling brings back the spread of the conditional prediction, which is all there is outside the window.
  @Test func rescaleIsForGuidedSteps() throws {
    var rescaled = request(0.4, 0.8)
    let plain = try made(rescaled).latents
    rescaled.guidanceRescale = 0.7
    #expect(try made(rescaled).latents != plain)
    var outside = request(0, 0)
    let alone = try made(outside).latents
    outside.guidanceRescale = 0.7
    #expect(try made(outside).latents == alone)
  }

  @Test(arguments: ["ddim", "euler", "euler_a"]) func pictureOfABatchIsTheSingleRun(sampler: String) throws {
    var request = request(0.3, 0.7)
    (request.sampler, request.count, request.seed) = (sampler, 3, 7)
    (request.width, request.height) = (72, 56)
    let batch = try made(request)
    #expect(batch.runs.map(\.batch) == [3, 6, 6, 3, 3])
    for index in 0..<3 {
      (request.count, request.seed) = (1, 7 + UInt64(index))
      #expect(try made(request).latents.values == batch.latents.picture(index).values)
    }
  }

  /// The second pass counts its own steps: of 2 the first.
  @Test func theSecondPassCountsItsOwnSteps() throws {
    var request = request(0, 0.5)
    (request.width, request.height) = (128, 96)
    let backend = try RecordingBackend(bytesAvailable: nil)
    let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
    try pipeline.generate(pipeline.resolve(request), Reporter { _ in })
    #expect(backend.runs.map(\.batch) == [2, 2, 1, 1, 1, 2, 1])
  }

  /// A sampler that chooses its steps takes more of them than were asked for, all of them guided.
  @Test func everyStepOfAnAdaptiveSamplerIsGuided() throws {
    var request = request(0, 1, steps: 1)
    request.sampler = "dpm_adaptive"
    let made = try made(request)
    // The first of them takes three calls.
    #expect(made.runs.count > 3 && made.runs.allSatisfy { $0.batch == 2 })
  }

  /// Weights and values are those of the guided network, working memory is that of both.
  @Test func memoryOfBothNetworks() throws {
    let pipeline = try TinyModel.pipeline()
    let whole = try pipeline.estimate(pipeline.resolve(request(0, 1)))
    let some = try pipeline.estimate(pipeline.resolve(request(0.2, 0.8)))
    let none = try pipeline.estimate(pipeline.resolve(request(0.5, 0.5)))
    #expect(some.weights == whole.weights && some.weights == none.weights)
    #expect(some.arena == whole.arena && none.arena <= some.arena)
    #expect(some.scratch > whole.scratch && none.scratch <= whole.scratch)
    #expect(some.least == whole.least && some.batch == whole.batch)
  }

  /// Where networks take turns, the two of sampling do as well.
  @Test func networksTakeTurns() throws {
    let request = request(0.4, 0.8)
    func pictures(in bytes: Int?) throws -> (pixels: [[UInt8]], drops: Int) {
      let backend = try RecordingBackend(bytesAvailable: bytes)
      let pipeline = try Pipeline(ModelSource(path: TinyModel.folder), backend)
      var pixels: [[UInt8]] = []
      try pipeline.generate(pipeline.resolve(request), Reporter { pixels.append($0.pixels) })
      return (pixels, backend.drops)
    }
    let pipeline = try TinyModel.pipeline()
    let least = try pipeline.estimate(pipeline.resolve(request)).least
    let tight = try pictures(in: least)
    // Before each of three networks of sampling, and before the decoder.
    #expect(tight.drops == 4)
    let whole = try pictures(in: nil)
    #expect(whole.drops == 0)
    #expect(zip(tight.pixels.joined(), whole.pixels.joined()).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test(arguments: [
    (-0.1, 1, "guidance_start: -0.1 "), (1.1, 1.2, "guidance_start: 1.1 "), (0, 1.5, "guidance_end: 1.5 "),
    (0, -1, "guidance_end: -1.0 "), (.nan, 1, "guidance_start: nan "), (0, .nan, "guidance_end: nan "),
  ])
  func boundsAreChecked(start: Double, end: Double, message: String) throws {
    let pipeline = try TinyModel.pipeline()
    let error = #expect(throws: DarkroomError.self) { try pipeline.resolve(request(start, end)) }
    #expect(error?.kind == .request && error?.description.hasPrefix(message) == true)
  }

  @Test func theEndIsNotBeforeTheStart() throws {
    let pipeline = try TinyModel.pipeline()
    let error = #expect(throws: SamplingError.self) { try pipeline.resolve(request(0.5, 0.4)) }
    #expect(error.map { "\($0)" }?.contains("guidance_end") == true, "\(String(describing: error))")
  }

  @Test func metadataNamesTheWindow() throws {
    func text(_ request: GenerationRequest) throws -> String {
      var text: String?
      let pipeline = try TinyModel.pipeline()
      try pipeline.generate(pipeline.resolve(request), Reporter { text = $0.parameters })
      return try #require(text)
    }
    #expect(try text(request(0.25, 0.75)).contains(", Guidance start: 0.25, Guidance end: 0.75, "))
    #expect(try !text(request(0, 1)).contains("Guidance"))
  }
}
