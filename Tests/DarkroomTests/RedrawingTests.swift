import Darkroom
import Families
import Foundation
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Pictures that are drawn in tiles, and enlarged pictures that are drawn anew in part.
@Suite struct RedrawingTests {
  private let folder: FolderOfPictures

  init() throws { folder = try FolderOfPictures() }

  private func request() -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    (request.sampler, request.steps, request.seed, request.precision) = ("euler", 4, 5, .float32)
    return request
  }

  private func upscaled(
    _ method: UpscaleRequest.Method, creativity: Double? = nil, _ drawing: GenerationRequest? = nil
  ) async throws -> UpscaledPicture {
    let engine = try Engine(device: .cpu, threads: 2)
    var request = UpscaleRequest(InputPicture(file: try folder.gradient(26, 20)), scale: 3, method: method)
    request.redrawing = Redrawing(
      drawing ?? self.request(), creativity: creativity, model: ModelSource(path: TinyModel.folder))
    return try await engine.upscale(request)
  }

  /// Not a mere resize: what is drawn differs from what is enlarged, and is the model's.
  @Test func enlargedPicturesAreDrawnAnew() async throws {
    let fast = try await upscaled(.fast)
    func change(_ other: UpscaledPicture) throws -> Int {
      try #require(other.width == 78 && other.height == 60)
      return zip(fast.pixels, other.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) } / fast.pixels.count
    }
    let conservative = try await upscaled(.conservative, creativity: 0.5)
    let creative = try await upscaled(.creative, creativity: 0.5)
    #expect(try change(conservative) > 2 && change(creative) > 2)
    // The prompt counts.
    var other = request()
    other.prompt = "a green house"
    #expect(try await upscaled(.creative, creativity: 0.5, other).pixels != creative.pixels)
    let record = creative.record
    #expect(record.method == .creative && record.creativity == 0.5 && record.model == "animevideov3")
    #expect(record.drawing?.prompt == "a red boat" && record.drawing?.strength == 0.5)
    #expect(
      record.drawing?.tileSize == 64 && record.drawing?.structureSize == 16
        && record.drawing?.guidanceScale == 2
        && record.drawing?.model?.fingerprint != nil)
    #expect(conservative.record.drawing?.strength == 0.25)
    let usual = try await upscaled(.conservative).record
    #expect(usual.creativity == 0.35 && usual.drawing?.steps == 6)
  }

  @Test func whatWasDoneStandsInTheFile() async throws {
    let made = try await upscaled(.creative, creativity: 0.5)
    try made.write(to: folder.path("large.png"))
    let facts = try PictureFacts(ofPicture: folder.path("large.png"))
    #expect(facts.upscaling == [made.record])
    #expect(facts.upscaling.first?.summary == "animevideov3, then creative by sd1_tiny")
  }

  /// Blocks keep their means, to the last step, at any strength.
  @Test func structureStays() throws {
    var request = request()
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    (request.strength, request.structureSize) = (1, 16)
    let pipeline = try TinyModel.pipeline()
    let job = try pipeline.resolve(request)
    let made = try pipeline.sampled(job).latents
    var noise: any NoiseSource = TorchNoise(seed: 5)
    let clean = try pipeline.encode(Picture.decode(file: folder.gradient(64, 64))).sample(batch: 1, &noise)
    func means(_ latents: Latents) -> [Double] {
      (0..<4 * 16).map { block in
        let (plane, row, column) = (block / 16, block / 4 % 4 * 2, block % 4 * 2)
        return [0, 1, 8, 9].reduce(0) { $0 + latents.values[plane * 64 + row * 8 + column + $1] / 4 }
      }
    }
    func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } }
    request.structureSize = nil
    let free = try pipeline.sampled(pipeline.resolve(request)).latents
    #expect(distance(means(made), means(clean)) < 0.5 * distance(means(free), means(clean)))
    (request.initPicture, request.strength, request.structureSize) = (nil, nil, 16)
    #expect(try pipeline.resolve(request).withoutEffect.map(\.field) == ["structure_size"])
  }

  @Test func aPromptIsNeeded() async throws {
    let alone = await #expect(throws: DarkroomError.self) {
      try await upscaled(.creative, GenerationRequest(prompt: ""))
    }
    #expect(
      alone?.description == "prompt: is missing, and creative draws it; expected what the picture shows")
    let wild = await #expect(throws: DarkroomError.self) { try await upscaled(.creative, creativity: 2) }
    #expect(wild?.field == "creativity")
  }

  /// One tile is the whole picture; several agree with it where the picture does not depend on what is far away, and
  /// always make one that is whole.
  @Test func tilesMakeOnePicture() async throws {
    var request = request()
    (request.width, request.height, request.secondPass) = (64, 64, .never)
    let whole = try await make(request)[0]
    request.tileSize = 64
    let same = try await make(request)[0]
    #expect(same.pixels == whole.pixels && same.request.tileSize == nil)
    request.tileSize = 40
    let tiled = try await make(request)[0]
    #expect(tiled.pixels != whole.pixels && tiled.request.tileSize == 40)
    #expect(try await make(tiled.request.request)[0].pixels == tiled.pixels)
    let pipeline = try TinyModel.pipeline()
    let job = try pipeline.resolve(request)
    #expect(job.first.denoised.height == 5 && job.first.latents.height == 8)
    #expect(
      try pipeline.estimate(job).arena <= pipeline.estimate(pipeline.resolve(whole.request.request)).arena)
    // Pictures above the useful size: the second pass is tiled, the first is small.
    (request.width, request.height, request.secondPass, request.tileSize) = (128, 96, .auto, 64)
    let passes = try pipeline.resolve(request).passes
    #expect(passes.map { [$0.denoised.height, $0.denoised.width] } == [[7, 8], [8, 8]])
    #expect(try await make(request)[0].width == 128)
    request.tileSize = 512
    #expect(try pipeline.resolve(request).withoutEffect.map(\.field) == ["tile_size"])
  }
}
