import CPUBackend
import Darkroom
import Families
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing
import Weights

/// A tiny SD-Turbo, and Stable Diffusion 2, against diffusers (scripts/fixtures/models/make_sd2_tiny.py).
@Suite final class StableDiffusion2Tests {
  private static let folder = Fixtures.url("sd2_tiny").path
  private static let taesd = "\(folder)/taesd"
  private let goldens: TinyModel
  private let pictures: FolderOfPictures
  private let parent: TemporaryFolder

  init() throws {
    goldens = try TinyModel.sd2()
    pictures = try FolderOfPictures()
    parent = try TemporaryFolder()
  }

  private func pipeline(_ path: String = folder, vae: String? = nil) throws -> Pipeline {
    try Pipeline(ModelSource(path: path, vae: vae), CPUBackend(threads: 2))
  }

  private func expectGolden(_ name: String, _ pipeline: Pipeline, _ request: GenerationRequest) throws {
    let latents = try pipeline.latents(request).values.map(Float.init)
    #expect(try largestDifference(latents, goldens.golden(name)) <= 5e-4, "\(name)")
  }

  @Test(arguments: ["turbo_steps1", "turbo_steps2", "turbo_steps4", "guided_steps4"])
  func latentsAreDiffusers(_ name: String) throws {
    try expectGolden("latents_\(name)", pipeline(), goldens.request("latents_\(name)"))
  }

  @Test func promptEmbeddingsAreDiffusers() throws {
    let pipeline = try self.pipeline()
    let job = try pipeline.resolve(goldens.request("latents_turbo_steps1"))
    let conditioning = try pipeline.sampled(job).conditioning
    #expect(try largestDifference(conditioning.positive, goldens.golden("prompt_embeds")) <= 1e-4)
    // Without guidance the network is asked once.
    #expect(conditioning.predictions.count == 1)
  }

  /// What it draws without flags: the model's own sampler, in one step without guidance, which is said.
  @Test func turboIsToldByItsScheduler() throws {
    let pipeline = try self.pipeline()
    let traits = pipeline.model.traits
    #expect(traits.family == "sd2" && traits.noise.isTrailing)
    let job = try pipeline.resolve(GenerationRequest(prompt: "a"))
    #expect(job.request.steps == 1 && job.request.guidanceScale == 1 && job.request.sampler == "euler")
    #expect(job.notices.contains { $0.description.hasPrefix("taken for a model of few steps") })
    var plain = try goldens.request("latents_turbo_steps1")
    (plain.sampler, plain.schedule, plain.steps, plain.guidanceScale) = (nil, nil, nil, nil)
    try expectGolden("latents_turbo_steps1", pipeline, plain)
  }

  /// Stable Diffusion 2.1 has this scheduler, and predicts v.
  @Test func velocityIsDiffusers() throws {
    let scheduler = """
      {"_class_name": "DDIMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
      "clip_sample": false, "prediction_type": "v_prediction", "set_alpha_to_one": false, "steps_offset": 1}
      """
    let index = String(decoding: try Fixtures.data("sd2_tiny/model_index.json"), as: UTF8.self)
      .replacingOccurrences(of: "EulerDiscreteScheduler", with: "DDIMScheduler")
    let model = try TinyModel.copy(
      of: Self.folder, into: parent,
      files: ["scheduler/scheduler_config.json": scheduler, "model_index.json": index])
    let pipeline = try self.pipeline(model)
    try expectGolden("latents_velocity_ddim", pipeline, goldens.request("latents_velocity_ddim"))
    let job = try pipeline.resolve(GenerationRequest(prompt: "a"))
    #expect(job.request.steps == 50 && job.request.guidanceScale == 7.5)
  }

  // MARK: TAESD

  private func expectPixels(_ name: String, _ pipeline: Pipeline) throws {
    let picture = try pipeline.picture(goldens.request("latents_turbo_steps1"))
    let expected = try goldens.golden(name)
    let close = zip(picture.pixels, expected).filter { abs(Float($0) - $1) <= 1 }.count
    #expect(picture.pixels.count == expected.count)
    #expect(Double(close) >= 0.999 * Double(expected.count))
  }

  @Test func picturesOfBothAutoencodersAreDiffusers() throws {
    try expectPixels("uint8_vae", pipeline())
    try expectPixels("uint8_taesd", pipeline(vae: Self.taesd))
    // A file alone, whose sizes follow from its tensors.
    try expectPixels("uint8_taesd", pipeline(vae: "\(Self.taesd)/diffusion_pytorch_model.safetensors"))
  }

  /// A folder whose own autoencoder it is.
  @Test func itMayBeTheModelsOwn() throws {
    let index = String(decoding: try Fixtures.data("sd2_tiny/model_index.json"), as: UTF8.self)
      .replacingOccurrences(of: "AutoencoderKL", with: "AutoencoderTiny")
    let model = try TinyModel.copy(of: Self.folder, into: parent, files: ["model_index.json": index])
    try FileManager.default.removeItem(atPath: "\(model)/vae")
    try FileManager.default.createSymbolicLink(atPath: "\(model)/vae", withDestinationPath: Self.taesd)
    try expectPixels("uint8_taesd", pipeline(model))
  }

  /// The names of its author: layers from one on, in a file of the decoder alone or behind `taesd_decoder.`.
  @Test(arguments: ["", "taesd_decoder."]) func namesOfItsAuthor(prefix: String) throws {
    let file = try Checkpoint(
      ByteSource(path: "\(Self.taesd)/diffusion_pytorch_model.safetensors"), part: .vae)
    var tensors: [SafetensorsWriter.WrittenTensor] = []
    var values: [String: [Float]] = [:]
    for name in file.names {
      let words = name.split(separator: ".")
      guard words[1] == "decoder", let layer = Int(words[3]), let shape = file.tensor(name)?.shape else {
        continue
      }
      let stored = prefix + (["\(layer + 1)"] + words[4...].map(String.init)).joined(separator: ".")
      var numbers = [Float](repeating: 0, count: shape.count)
      try numbers.withUnsafeMutableBufferPointer { try file.read(name, elements: 0..<$0.count, into: $0) }
      tensors.append(.init(name: stored, dtype: .float32, shape: shape))
      values[stored] = numbers
    }
    let path = "\(parent.path)/taesd_decoder.safetensors"
    try SafetensorsWriter.write(to: path, tensors: tensors) { tensor, sink in
      try values[tensor.name, default: []].withUnsafeBytes { try sink($0) }
    }
    let pipeline = try self.pipeline(vae: path)
    try expectPixels("uint8_taesd", pipeline)
    #expect(!pipeline.model.traits.hasEncoder)
  }

  /// Its encoder makes no distribution, so that no numbers are drawn of one.
  @Test(arguments: ["img2img_taesd", "inpaint_taesd"]) func startingFromPicturesIsDiffusers(_ name: String)
    throws
  {
    var request = try goldens.request(name)
    let pixels = try pixelsLast(goldens.golden("init_uint8"), height: 48, width: 40).map { UInt8($0) }
    try Picture(width: 40, height: 48, pixels: pixels).write(
      to: pictures.path("init.png"), metadata: PictureMetadata())
    request.initPicture = InputPicture(file: pictures.path("init.png"))
    if name.hasPrefix("inpaint") {
      let mask = try goldens.golden("mask").flatMap { [UInt8](repeating: UInt8(255 * $0), count: 3) }
      try Picture(width: 40, height: 48, pixels: mask).write(
        to: pictures.path("mask.png"), metadata: PictureMetadata())
      request.mask = InputPicture(file: pictures.path("mask.png"))
    }
    try expectGolden(name, pipeline(vae: Self.taesd), request)
  }
}

extension NoiseDescription {
  fileprivate var isTrailing: Bool {
    if case .diffusion(let settings) = self { settings.spacing == .trailing } else { false }
  }
}
