import Darkroom
import Families
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Pictures that start from a picture.
@Suite struct ImageToImageTests {
  private let folder: FolderOfPictures

  init() throws { folder = try FolderOfPictures() }

  /// diffusers' pipeline from the same picture in [0, 1], which has more than 8 bits: its encoding stands in for ours.
  @Test(arguments: ["0.3", "0.75", "1.0"]) func latentsAreDiffusers(_ strength: String) throws {
    let model = try TinyModel()
    let name = "img2img_ddim_seed42_steps10_str\(strength)"
    var request = try model.request(name)
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    let pipeline = try TinyModel.pipeline()
    let job = try pipeline.resolve(request)
    #expect(job.passes.count == 1 && job.first.count == Int(10 * (request.strength ?? 0)))
    let made = try fromGoldenPicture(job, pipeline, model)
    #expect(try largestDifference(made.values.map(Float.init), model.golden(name)) <= 5e-4)
  }

  @Test func aSampleOfThePosteriorIsDiffusers() throws {
    let model = try TinyModel()
    let pipeline = try TinyModel.pipeline()
    let picture = try pixelsLast(model.golden("vae_image"), height: 56, width: 40)
    let posterior = try pipeline.encode(values: picture, width: 40, height: 56)
    var noise: any NoiseSource = TorchNoise(seed: 11)
    let sample = posterior.sample(batch: 1, &noise).values.map { Float($0 / 0.18215) }
    #expect(try largestDifference(sample, model.golden("vae_sample_seed11")) <= 1e-4)
  }

  /// Steps that run, of 10, and the first timestep.
  @Test(arguments: [
    (GenerationRequest.System.diffusers, 0.55, 5), (.diffusers, 1, 10), (.a1111, 0.55, 6), (.a1111, 1, 10),
    (.a1111, 0, 1), (.comfyui, 0.55, 10), (.comfyui, 1, 10), (.stability, 0.55, 5),
  ])
  func strengthsOfSystems(system: GenerationRequest.System, strength: Double, steps: Int) throws {
    var request = try self.request()
    (request.system, request.steps, request.strength) = (system, 10, strength)
    (request.sampler, request.schedule) = (system == .stability ? "K_EULER" : "euler", nil)
    let job = try TinyModel.pipeline().resolve(request)
    #expect(job.first.count == steps)
    let all = try job.model.traits.noise.steps(
      system == .comfyui ? Int(10 / strength) : 10, schedule: job.schedule, for: job.sampler,
      in: request.system ?? .diffusers)
    #expect(job.first.steps.steps == Array(all.steps.suffix(steps)))
  }

  @Test func sizesFollowThePicture() throws {
    func size(_ width: Int, _ height: Int, _ change: (inout GenerationRequest) -> Void = { _ in }) throws
      -> [Int]
    {
      var request = GenerationRequest(prompt: "a")
      request.initPicture = InputPicture(file: try folder.gradient(width, height))
      change(&request)
      let resolved = try TinyModel.pipeline().resolve(request).request
      return [resolved.width, resolved.height]
    }
    #expect(try size(64, 48) == [64, 48])
    #expect(try size(61, 50) == [64, 48])
    #expect(try size(3, 3) == [8, 8])
    // Larger than the model draws well: its area, and the aspect.
    #expect(try size(400, 300) == [72, 56])
    #expect(try size(400, 300) { $0.width = 128 } == [128, 96])
    #expect(try size(400, 300) { $0.height = 24 } == [32, 24])
    #expect(try size(400, 300) { ($0.width, $0.height) = (64, 64) } == [64, 64])
  }

  /// Less strength stays nearer to the picture, and each picture of a batch is that of its seed.
  @Test func picturesStayNearTheirStart() async throws {
    let start = try Picture.decode(file: folder.gradient(64, 64))
    var changes: [Int] = []
    for strength in [0.2, 0.5, 1] {
      var request = try self.request()
      (request.strength, request.count) = (strength, 2)
      let both = try await make(request, .builtIn)
      (request.seed, request.count) = (6, 1)
      #expect(
        try await make(request, .builtIn)[0].pixels == both[1].pixels && both[0].pixels != both[1].pixels)
      changes.append(zip(both[1].pixels, start.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) })
    }
    #expect(changes == changes.sorted())
  }

  @Test func whatIsWrittenDownMakesItAgain() async throws {
    let made = try await make(request())[0]
    let written = try JSONDecoder().decode(
      ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(written == made.request && written.strength == 0.5 && written.initPicture?.sha256?.count == 64)
    #expect(try await make(written.request)[0].pixels == made.pixels)
    #expect(made.metadata.parameters?.contains("Denoising strength: 0.5") == true)
    // Another file of that name is not taken for it.
    try folder.write(64, 64, level: 9, "64x64.png")
    let error = await #expect(throws: DarkroomError.self) { try await make(written.request) }
    #expect(error?.description.contains("is another picture (SHA-256 ") == true && error?.kind == .request)
  }

  @Test func whatCannotBeReadIsNamed() async throws {
    for (file, problem) in [
      ("none.png", "cannot read: No such file or directory"), ("", "is a directory or no regular file"),
      ("text.png", "not a picture: expected PNG, JPEG or WebP"),
    ] {
      try Data("hello".utf8).write(to: URL(fileURLWithPath: folder.path("text.png")))
      var request = try self.request()
      request.initPicture = InputPicture(file: folder.path(file))
      let error = await #expect(throws: DarkroomError.self) { try await make(request) }
      #expect(error?.field?.hasPrefix("init: ") == true && error?.kind == .request)
      #expect(file.isEmpty || error?.description.hasSuffix(problem) == true, "\(String(describing: error))")
    }
    // Where the very picture is known, the error says which.
    var request = GenerationRequest(prompt: "a")
    request.initPicture = InputPicture(file: folder.path("none.png"), sha256: "12ab")
    let known = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(known?.description.hasSuffix("directory; expected the picture with SHA-256 12ab") == true)
    (request.initPicture, request.strength) = (nil, 0.4)
    let job = try TinyModel.pipeline().resolve(request)
    #expect(job.withoutEffect.map(\.field).contains("strength") && job.request.strength == nil)
  }

  /// A profile that cannot be applied leaves other colours than were meant, which is said.
  @Test func aDamagedProfileIsTold() throws {
    let pipeline = try TinyModel.pipeline()
    var request = try request()
    let file = try Array(Data(contentsOf: URL(fileURLWithPath: folder.gradient(64, 64))))
    let damaged = PNGChunks.inserting(PNGChunks.compressed("iCCP", "x", Array("hello".utf8)), into: file)
    request.initPicture = InputPicture(contents: damaged, name: "a.png")
    let notices = try pipeline.resolve(request).notices.map(\.description)
    #expect(
      notices.contains(
        "init: a.png: its colour profile is damaged or of another kind of pixels, and was ignored"))
    request.initPicture = InputPicture(contents: file)
    #expect(try !pipeline.resolve(request).notices.contains { $0.description.contains("profile") })
  }

  private func request() throws -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    (request.sampler, request.steps, request.seed, request.strength) = ("euler", 6, 5, 0.5)
    request.precision = .float32
    return request
  }
}

/// The latents of a job's first pass from the goldens' picture, which has more than 8 bits: its encoding stands in for that
/// of the job's own.
func fromGoldenPicture(_ job: Job, _ pipeline: Pipeline, _ model: TinyModel) throws -> Latents {
  let (reservation, tracker) = (try pipeline.reserve(job), ProgressTracker(job))
  let picture = try pixelsLast(model.golden("init_image01"), height: 64, width: 64).map { 2 * $0 - 1 }
  let encoded = try job.first.encodedPictures(in: job.request.system, exact: picture) {
    try pipeline.encode(values: $0, width: 64, height: 64, reservation)
  }
  return try pipeline.run(
    job.first, of: job, pipeline.encode(job, reservation, tracker), pictures: 0..<1, encoded, reservation,
    tracker
  ).latents
}

/// `[3, height, width]` as `[height, width, 3]`.
func pixelsLast(_ values: [Float], height: Int, width: Int) -> [Float] {
  (0..<height * width).flatMap { pixel in (0..<3).map { values[$0 * height * width + pixel] } }
}

/// Pictures of a model, usually the tiny one.
func make(
  _ request: GenerationRequest, _ model: ModelSource = ModelSource(path: TinyModel.folder)
) async throws -> [GeneratedPicture] {
  let engine = try Engine(device: .cpu, threads: 2)
  _ = try await engine.load(model)
  var pictures: [GeneratedPicture] = []
  for try await picture in engine.pictures(for: request) { pictures.append(picture) }
  return pictures
}

/// A folder with pictures to start from.
final class FolderOfPictures: Sendable {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID())")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// A PNG file of a colour gradient.
  func gradient(_ width: Int, _ height: Int) throws -> String {
    try write(width, height, level: 255, "\(width)x\(height).png")
  }

  /// A PNG file that is white where goldens are drawn anew.
  func mask() throws -> String {
    var pixels = [UInt8](repeating: 0, count: 64 * 64 * 3)
    for y in 16..<48 { for x in 3 * 20..<3 * 52 { pixels[3 * y * 64 + x] = 255 } }
    try Picture(width: 64, height: 64, pixels: pixels).write(
      to: path("mask.png"), metadata: PictureMetadata())
    return path("mask.png")
  }

  /// - Parameter all: whether all pixels have the level, and not a gradient up to it.
  @discardableResult
  func write(
    _ width: Int, _ height: Int, level: Int, _ name: String, blue: Int = 63, all: Bool = false
  ) throws -> String {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels +=
          all
          ? [UInt8](repeating: UInt8(level), count: 3)
          : [UInt8(level * x / width), UInt8(level * y / height), UInt8((x + y) % (blue + 1))]
      }
    }
    try Picture(width: width, height: height, pixels: pixels).write(
      to: path(name), metadata: PictureMetadata())
    return path(name)
  }
}
