import CPUBackend
import Darkroom
import Foundation
import Graph
import Models
import Pictures
import PipelineTestSupport
import Sampling
import Synchronization
import TestSupport
import Testing
import Weights

/// Pictures above the useful size, of the tiny model: its native size is 64x64.
@Suite struct SecondPassTests {
  /// 5 steps of 72x56, and 2 of 128x96.
  private func request(count: Int = 1, seed: UInt64 = 7, sampler: String = "euler_a") -> GenerationRequest {
    var request = GenerationRequest(prompt: "a (red:1.3) boat")
    request.negativePrompt = "fog"
    request.precision = .float32
    (request.sampler, request.steps, request.count, request.seed) = (sampler, 5, count, seed)
    (request.width, request.height) = (128, 96)
    return request
  }

  private struct Made {
    var pictures: [GeneratedPicture] = []
    var progress: [GenerationProgress] = []
    var notices: [Notice] = []

    /// The bytes of a picture's file.
    func file(_ index: Int) throws -> Data {
      let url = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID()).png")
      defer { try? FileManager.default.removeItem(at: url) }
      try pictures[index].write(to: url.path)
      return try Data(contentsOf: url)
    }
  }

  private func make(_ request: GenerationRequest, threads: Int = 2) async throws -> Made {
    let engine = try Engine(device: .cpu, threads: threads)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    let made = Mutex(Made())
    try await engine.generate(
      request, progress: { progress in made.withLock { $0.progress.append(progress) } },
      notice: { notice in made.withLock { $0.notices.append(notice) } },
      finished: { picture in made.withLock { $0.pictures.append(picture) } })
    return made.withLock { $0 }
  }

  /// From latents to latents, with the noise of the seed and the last 4 of 10 steps, as diffusers does it.
  @Test(arguments: ["ddim", "euler", "euler_a"]) func latentsAreDiffusers(sampler: String) throws {
    let model = try TinyModel()
    let name = "refined_\(sampler)_seed42_steps10_str0.4"
    var request = try model.request(name)
    (request.width, request.height) = (96, 128)
    let pipeline = try TinyModel.pipeline()
    let job = try pipeline.resolve(request)
    let pass = try #require(job.second)
    #expect(pass.steps.steps.count == 4 && pass.width == 96 && pass.height == 128)
    let z = Latents(
      batch: 1, channels: 4, height: 16, width: 12, values: try model.golden("refine_z").map(Double.init))
    let (reservation, tracker) = (try pipeline.reserve(job), ProgressTracker(job))
    let refined = try pipeline.run(
      pass, of: job, pipeline.encode(job, reservation, tracker), pictures: 0..<1, from: z,
      pipeline.encodePictures(pass, of: job, reservation), reservation, tracker
    ).latents
    #expect(try largestDifference(refined.values.map(Float.init), model.golden(name)) <= 5e-4)
  }

  /// The encoder's mean, times the model's scale.
  @Test func encodedPicturesAreScaled() throws {
    let picture = Picture(width: 16, height: 8, pixels: (0..<384).map { UInt8($0 * 7 % 256) })
    let encoder = try Self.encoder()
    let program = try CPUBackend(threads: 1).prepare(Plan(encoder.graph(batch: 1, height: 1, width: 2)))
    picture.encodable.withUnsafeBufferPointer { program.write($0, to: "picture") }
    try program.run(.picture)
    var moments = [Float](repeating: 0, count: 16)
    moments.withUnsafeMutableBufferPointer { program.read("moments", into: $0) }
    let mean = moments[..<8]
    let latents = try TinyModel.pipeline().encode(picture).mode()
    #expect(latents.shape == [1, 4, 1, 2])
    #expect(largestDifference(latents.values.map(Float.init), mean.map { $0 * 0.18215 }) < 1e-6)
    #expect(mean.allSatisfy { abs($0) > 1e-3 })
  }

  private static func encoder() throws -> VAEEncoder {
    let checkpoint = try Checkpoint(ModelFiles(TinyModel.folder))
    let file = try ConfigurationFile("vae", [UInt8](Fixtures.data("sd1_tiny/vae/config.json")))
    return VAEEncoder(checkpoint[.vae], try VAEConfiguration(file))
  }

  @Test func drawnSmallEnlargedAndRefined() async throws {
    let made = try await make(request())
    let picture = try #require(made.pictures.first)
    #expect(made.pictures.count == 1 && picture.width == 128 && picture.height == 96)
    #expect(picture.pixels.count == 128 * 96 * 3)
    #expect(
      made.notices.map(\.description) == [
        "128x96 is above this model's useful size (64x64): drawn at 72x56, enlarged and refined in a second pass of 2 steps"
      ])
    // The layout of the first pass is still there, and it is not all that is there.
    let pipeline = try TinyModel.pipeline()
    let small = try pipeline.decode(pipeline.latents(request()))
    #expect(small.width == 72 && small.height == 56)
    let enlarged = small.resized(width: 128, height: 96).pixels
    let change = zip(enlarged, picture.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +) / enlarged.count
    #expect(change > 0 && change < 64, "\(change)")
  }

  @Test func runsAndThreadsDoNotMatter() async throws {
    let first = try await make(request(), threads: 1)
    for threads in [1, 3] {
      #expect(try await make(request(), threads: threads).file(0) == first.file(0))
    }
    #expect(try await make(request(seed: 8)).pictures[0].pixels != first.pictures[0].pixels)
  }

  @Test(arguments: ["ddim", "euler", "euler_a"]) func pictureOfABatchIsTheSingleRun(sampler: String)
    async throws
  {
    let batch = try await make(request(count: 3, sampler: sampler))
    try #require(batch.pictures.count == 3)
    for index in 0..<3 {
      let single = try await make(request(seed: 7 + UInt64(index), sampler: sampler))
      #expect(try batch.file(index) == single.file(0))
    }
  }

  /// The request in the file makes the file again.
  @Test func redo() async throws {
    let first = try await make(request(count: 2))
    let second = try await make(first.pictures[1].request.request)
    #expect(first.pictures[1].request.secondPass == .auto)
    #expect(try second.file(0) == first.file(1))
  }

  @Test func metadataIsThatOfA1111() async throws {
    let text = try PictureMetadata.read(from: [UInt8](await make(request()).file(0)))
    let parameters = try #require(text.parameters)
    #expect(parameters.contains(", Seed: 7, Size: 72x56, Model hash: "))
    #expect(parameters.contains(", Model: sd1_tiny, Denoising strength: 0.4, "))
    #expect(
      parameters.contains(", Hires resize: 128x96, Hires steps: 5, Hires upscaler: Lanczos, Version: "))
    #expect(try #require(text.json).contains(#""second_pass":"auto""#))
  }

  @Test func progressCountsBothPasses() async throws {
    let progress = try await make(request(count: 2)).progress
    #expect(progress.allSatisfy { $0.steps == 7 && $0.pictures == 2 })
    let sampling = progress.filter { $0.stage == .sampling }
    // Each stage is told once before its first step.
    #expect(sampling.map(\.step) == [0, 1, 2, 3, 4, 5, 5, 6, 7, 5, 6, 7])
    #expect(sampling.map(\.batch) == [2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1])
    #expect(sampling.map(\.finishedPictures) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    #expect(zip(sampling, sampling.dropFirst()).allSatisfy { $0.fraction <= $1.fraction })
    // 10 steps of 72x56 of all, and 4 of 128x96.
    #expect(abs(sampling[5].fraction - 40320.0 / (40320 + 49152)) < 1e-12)
    #expect(sampling.last?.fraction == 1 && sampling.last?.secondsLeft == 0)
    #expect(sampling.dropFirst().allSatisfy { ($0.secondsPerStep ?? -1) > 0 && ($0.secondsLeft ?? -1) >= 0 })
    #expect(
      progress.map(\.stage.rawValue).reduce(into: []) { if $0.last != $1 { $0.append($1) } } == [
        "loading", "encoding", "loading", "sampling", "loading", "enlarging", "sampling", "decoding",
        "loading", "enlarging", "sampling", "decoding",
      ])
  }

  @Test func neverDrawsAtOnce() async throws {
    var request = request()
    request.secondPass = .never
    let made = try await make(request)
    #expect(made.notices.isEmpty && made.progress.allSatisfy { $0.steps == 5 })
    let pipeline = try TinyModel.pipeline()
    let picture = try pipeline.decode(pipeline.latents(request))
    #expect(picture.width == 128 && picture.pixels == made.pictures[0].pixels)
    let text = try PictureMetadata.read(from: [UInt8](made.file(0)))
    #expect(try #require(text.parameters).contains("Size: 128x96, Model hash: "))
    #expect(try #require(text.parameters).contains(", Model: sd1_tiny, RNG: CPU, Version"))
    #expect(try #require(text.json).contains(#""second_pass":"never""#))
  }

  /// Sides four times the native ones: half the strength, which is what the pass and the metadata say.
  @Test func aLargeEnlargementKeepsMore() throws {
    var request = request()
    (request.width, request.height, request.steps) = (256, 256, 25)
    let second = try #require(try TinyModel.pipeline().resolve(request).second)
    #expect(second.strength == 0.2 && second.count == 5)
  }

  /// With one or two steps, strength 0.4 of them would be none.
  @Test(arguments: [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (25, 10)])
  func stepsOfTheSecondPass(steps: Int, kept: Int) throws {
    var request = request()
    request.steps = steps
    let job = try TinyModel.pipeline().resolve(request)
    let second = try #require(job.second)
    #expect(job.first.steps.steps.count == steps && second.steps.steps.count == kept)
    // Not from pure noise, however few the steps are.
    let start = try #require(second.steps.steps.first?.from)
    #expect(start.timestep < 500)
  }

  @Test func nativeSizesHaveOnePass() throws {
    for (width, height) in [(64, 64), (72, 56), (96, 64)] {
      var request = request()
      (request.width, request.height) = (width, height)
      let job = try TinyModel.pipeline().resolve(request)
      #expect(job.second == nil && job.first.width == width && job.first.height == height)
      #expect(job.notices.isEmpty)
    }
  }

  /// The networks' weights count once, though they run at two sizes; the encoder's are added.
  @Test func memoryOfBothPasses() throws {
    let pipeline = try TinyModel.pipeline()
    var request = request()
    let both = try pipeline.estimate(pipeline.resolve(request))
    request.secondPass = .never
    let one = try pipeline.estimate(pipeline.resolve(request))
    let plan = Plan(try Self.encoder().graph(batch: 1, height: 12, width: 16))
    #expect(both.weights - one.weights == (try CPUBackend(threads: 1)).weightBytes([plan]))
    #expect(both.arena >= max(one.arena, plan.arenaBytes) && both.scratch > one.scratch)
  }

  /// Within a step of the second pass.
  @Test func cancelling() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    let last = Mutex(0)
    let request = request(count: 2)
    let task = Task {
      try await engine.generate(
        request,
        progress: { progress in
          last.withLock { $0 = progress.step }
          if progress.step == 6 { withUnsafeCurrentTask { $0?.cancel() } }
        }, finished: { _ in Issue.record("a picture came out") })
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(last.withLock { $0 } == 6)
  }
}
