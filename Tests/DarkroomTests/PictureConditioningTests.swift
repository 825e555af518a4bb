import Darkroom
import Families
import Foundation
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Networks that see a picture beside the latents: to inpaint it, and to edit it.
@Suite struct PictureConditioningTests {
  private let folder: FolderOfPictures

  init() throws { folder = try FolderOfPictures() }

  /// diffusers' StableDiffusionInpaintPipeline with nine channels.
  @Test(arguments: [
    "ddim_seed42_steps10_str0.75", "ddim_seed42_steps10_str1.0", "euler_seed42_steps10_str1.0",
  ])
  func inpaintingIsDiffusers(_ name: String) throws {
    try expectGolden("inpaint9_\(name)", model: "inpaint9") {
      $0.mask = InputPicture(file: try folder.mask())
    }
  }

  /// diffusers' StableDiffusionInstructPix2PixPipeline.
  @Test(arguments: ["ddim_seed42_steps10", "euler_seed42_steps10_image2", "ddim_seed42_steps10_cfg1"])
  func editingIsDiffusers(_ name: String) throws {
    try expectGolden("edit_\(name)", model: "edit") { _ in }
  }

  private func expectGolden(
    _ name: String, model: String, _ change: (inout GenerationRequest) throws -> Void
  ) throws {
    let goldens = try TinyModel()
    var request = try goldens.request(name)
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    try change(&request)
    let parent = try TemporaryFolder()
    let pipeline = try TinyModel.pipeline(TinyModel.seeingPictures(into: parent, model))
    let made = try fromGoldenPicture(pipeline.resolve(request), pipeline, goldens)
    #expect(try largestDifference(made.values.map(Float.init), goldens.golden(name)) <= 1e-3)
  }

  /// A model for inpainting draws without a picture and from one without a mask, as if all of it were masked; large
  /// pictures in two passes; several at once as one by one.
  @Test func inpaintingModelsDrawAnything() async throws {
    let parent = try TemporaryFolder()
    let model = ModelSource(path: try TinyModel.seeingPictures(into: parent, "inpaint9"))
    var request = self.request()
    request.count = 2
    let both = try await make(request, model)
    request.count = 1
    request.seed = both[1].request.seed
    #expect(try await make(request, model)[0].pixels == both[1].pixels)
    (request.width, request.height) = (128, 128)
    #expect(try await make(request, model)[0].width == 128)
    (request.width, request.height) = (nil, nil)
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.strength = 0.5
    let redrawn = try await make(request, model)[0]
    request.mask = InputPicture(file: try folder.write(64, 64, level: 255, "white.png", all: true))
    (request.maskBlur, request.strength) = (0, 0.5)
    #expect(try await make(request, model)[0].pixels == redrawn.pixels)
  }

  /// In every system what the mask does not name stays to the bit.
  @Test(arguments: [GenerationRequest.System.diffusers, .a1111, .comfyui])
  func theRestStays(system: GenerationRequest.System) async throws {
    let parent = try TemporaryFolder()
    let model = ModelSource(path: try TinyModel.seeingPictures(into: parent, "inpaint9"))
    var request = self.request()
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.mask = InputPicture(file: try folder.mask())
    request.system = system
    let made = try await make(request, model)[0]
    let start = try Picture.decode(file: folder.gradient(64, 64))
    let outside = (0..<64 * 64).filter { !((16..<48).contains($0 / 64) && (20..<52).contains($0 % 64)) }
    #expect(outside.allSatisfy { made.pixels[3 * $0..<3 * $0 + 3] == start.pixels[3 * $0..<3 * $0 + 3] })
    #expect(made.pixels != start.pixels)
  }

  @Test func editingNeedsAPictureAndIsWrittenDown() async throws {
    let parent = try TemporaryFolder()
    let model = ModelSource(path: try TinyModel.seeingPictures(into: parent, "edit"))
    var request = self.request()
    let alone = await #expect(throws: DarkroomError.self) { try await make(request, model) }
    #expect(alone?.description == "init: is missing, and model edits pictures; expected a picture")
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    let made = try await make(request, model)[0]
    #expect(made.request.pictureGuidanceScale == 1.5 && made.request.strength == 1)
    #expect(
      try ModelSummary.inspect(model).family == "Stable Diffusion 1 for editing pictures (InstructPix2Pix)")
    let written = try JSONDecoder().decode(ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(try await make(written.request, model)[0].pixels == made.pixels)
    request.pictureGuidanceScale = 3
    #expect(try await make(request, model)[0].pixels != made.pixels)
    // Other models have no such guidance.
    #expect(try TinyModel.pipeline().resolve(request).withoutEffect.map(\.field) == ["image_guidance_scale"])
    request.pictureGuidanceScale = 0.5
    let low = await #expect(throws: DarkroomError.self) { try await make(request, model) }
    #expect(low?.field == "image_guidance_scale")
  }

  /// An editing model keeps what a mask does not name, too, and starts from the picture at less strength.
  @Test func editingTakesMasksAndStrengths() async throws {
    let parent = try TemporaryFolder()
    let model = ModelSource(path: try TinyModel.seeingPictures(into: parent, "edit"))
    var request = self.request()
    request.initPicture = InputPicture(file: try folder.gradient(64, 64))
    request.strength = 0.5
    let part = try await make(request, model)[0]
    request.strength = 1
    #expect(try await make(request, model)[0].pixels != part.pixels)
    request.mask = InputPicture(file: try folder.mask())
    let made = try await make(request, model)[0]
    let start = try Picture.decode(file: folder.gradient(64, 64))
    #expect(made.pixels[0..<16 * 64 * 3] == start.pixels[0..<16 * 64 * 3] && made.pixels != start.pixels)
  }

  private func request() -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    (request.sampler, request.steps, request.seed) = ("euler", 3, 5)
    request.precision = .float32
    return request
  }
}
