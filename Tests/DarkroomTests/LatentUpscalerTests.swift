import Darkroom
import Families
import Foundation
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing
import Weights

/// Stable Diffusion's x4 upscaler: a network that sees the picture that it enlarges.
@Suite final class LatentUpscalerTests {
  private let folder: FolderOfPictures
  private let parent: TemporaryFolder
  private let model: ModelSource

  init() throws {
    folder = try FolderOfPictures()
    parent = try TemporaryFolder()
    model = ModelSource(path: try TinyModel.x4(into: parent))
  }

  /// diffusers' StableDiffusionUpscalePipeline.
  @Test(arguments: ["ddim_noise20", "euler_noise100", "ddim_noise0_cfg1"])
  func latentsAndPicturesAreDiffusers(_ name: String) async throws {
    let goldens = try TinyModel.x4()
    var request = try goldens.request("latents_\(name)")
    let pixels = try pixelsLast(goldens.golden("init_uint8"), height: 20, width: 24).map { UInt8($0) }
    let path = folder.path("small.png")
    try Picture(width: 24, height: 20, pixels: pixels).write(to: path, metadata: PictureMetadata())
    request.initPicture = InputPicture(file: path)
    let latents = try TinyModel.pipeline(model.path).latents(request)
    #expect(try largestDifference(latents.values.map(Float.init), goldens.golden("latents_\(name)")) <= 1e-3)
    (request.width, request.height) = (nil, nil)
    let picture = try await make(request, model)[0]
    let expected = try goldens.golden("uint8_\(name)")
    #expect(picture.pixels.count == expected.count)
    #expect(zip(picture.pixels, expected).allSatisfy { abs(Float($0) - $1) <= 1 })
  }

  private func request() throws -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    (request.sampler, request.steps, request.seed) = ("euler", 3, 5)
    request.precision = .float32
    request.initPicture = InputPicture(file: try folder.gradient(16, 10))
    return request
  }

  @Test func whatIsMadeIsWrittenDown() async throws {
    var request = try self.request()
    let made = try await make(request, model)[0]
    #expect((made.width, made.height) == (64, 40))
    #expect(made.request.noiseLevel == 20 && made.request.strength == nil)
    let written = try JSONDecoder().decode(ResolvedRequest.self, from: Data(made.request.canonicalJSON.utf8))
    #expect(try await make(written.request, model)[0].pixels == made.pixels)
    for change in [\GenerationRequest.noiseLevel, \.steps] {
      request[keyPath: change] = 2
      #expect(try await make(request, model)[0].pixels != made.pixels)
    }
  }

  @Test func eachOfSeveralIsItself() async throws {
    var request = try self.request()
    request.count = 2
    (request.subseed, request.subseedStrength) = (9, 0.3)
    let both = try await make(request, model)
    #expect(both[0].pixels != both[1].pixels)
    #expect(try await make(both[1].request.request, model)[0].pixels == both[1].pixels)
    request.batchNoise = .oneTensor
    (request.subseed, request.subseedStrength) = (nil, nil)
    let second = try await make(request, model)[1]
    #expect(try await make(second.request.request, model)[0].pixels == second.pixels)
  }

  /// In every system it begins with noise alone, and steps are not counted by a strength.
  @Test(arguments: [GenerationRequest.System.a1111, .comfyui])
  func systemsOfOthers(system: GenerationRequest.System) throws {
    var request = try self.request()
    (request.system, request.strength) = (system, 0.5)
    let job = try TinyModel.pipeline(model.path).resolve(request)
    #expect(job.first.count == 3 && job.first.strength == 1)
    #expect(job.withoutEffect.map(\.field) == ["strength"])
  }

  @Test func sizesAreFourTimesThePictures() throws {
    let pipeline = try TinyModel.pipeline(model.path)
    func size(_ width: Int, _ height: Int, _ change: (inout GenerationRequest) -> Void = { _ in }) throws
      -> [Int]
    {
      var request = try self.request()
      request.initPicture = InputPicture(file: try folder.gradient(width, height))
      change(&request)
      let resolved = try pipeline.resolve(request).request
      return [resolved.width, resolved.height]
    }
    // Beyond what the model was trained for, too; of odd sizes the next possible.
    #expect(try size(40, 200) == [160, 800])
    #expect(try size(17, 10) == [72, 40])
    #expect(try size(600, 400) { $0.width = 1200 } == [1200, 800])
    let error = #expect(throws: DarkroomError.self) { try size(600, 400) }
    #expect(
      error?.description.hasPrefix(
        "init: is 600x400, which model makes 4 times as large; expected at most 512") == true)
  }

  @Test func whatItCannotDoIsSaid() throws {
    let pipeline = try TinyModel.pipeline(model.path)
    func problem(_ change: (inout GenerationRequest) throws -> Void) throws -> String? {
      var request = try self.request()
      try change(&request)
      return #expect(throws: DarkroomError.self) { try pipeline.resolve(request) }?.description
    }
    #expect(
      try problem { $0.initPicture = nil }
        == "init: is missing, and model enlarges pictures; expected a picture")
    #expect(
      try problem { $0.mask = InputPicture(file: try folder.mask()) }
        == "mask: model enlarges whole pictures; expected none")
    #expect(
      try problem { $0.outpaint = Margins(left: 8, right: 0, up: 0, down: 0) }
        == "outpaint: model enlarges whole pictures; expected none")
    #expect(try problem { $0.noiseLevel = 351 }?.hasPrefix("noise_level: 351") == true)
    var request = try self.request()
    request.noiseLevel = 20
    #expect(try TinyModel.pipeline().resolve(request).withoutEffect.map(\.field) == ["noise_level"])
  }

  /// The picture is not encoded, so that a model without an encoder will do.
  @Test func anEncoderIsNotNeeded() async throws {
    let made = try await make(request(), model)[0]
    let path = model.path + "/vae/diffusion_pytorch_model.safetensors"
    try TinyModel.rewrite(path) { $0.hasPrefix("encoder.") || $0.hasPrefix("quant_conv.") ? .dropped : .kept }
    #expect(try !LoadedModel(model).traits.hasEncoder)
    #expect(try await make(request(), model)[0].pixels == made.pixels)
  }

  @Test func levelsAreTheModels() throws {
    func loaded(_ file: String, _ old: String, _ new: String) throws -> LoadedModel {
      let text = String(decoding: try Fixtures.data("x4_tiny/\(file)"), as: UTF8.self)
      let other = try TemporaryFolder()
      return try LoadedModel(
        ModelSource(
          path: TinyModel.x4(into: other, files: [file: text.replacingOccurrences(of: old, with: new)])))
    }
    #expect(try loaded("model_index.json", "350", "12").traits.pictureNoise?.mostLevel == 12)
    let few = #expect(throws: (any Error).self) {
      try loaded("unet/config.json", #""num_class_embeds": 1000"#, #""num_class_embeds": null"#)
    }
    #expect("\(String(describing: few))".contains("the UNet knows 0 noise levels"))
    #expect(try LoadedModel(model).traits.familyTitle == "Stable Diffusion x4 upscaler")
    // What decides the picture is part of the model's fingerprint.
    #expect(try ModelFiles(model.path).contentPaths().contains("low_res_scheduler/scheduler_config.json"))
  }
}
