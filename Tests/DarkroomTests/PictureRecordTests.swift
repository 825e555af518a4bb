import Darkroom
import Foundation
import Pictures
import Testing

/// What is read back from pictures, of this engine and of others.
@Suite final class PictureRecordTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).png")
    .path

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func record(_ parameters: String?, json: String? = nil) throws -> PictureRecord {
    let picture = Picture(width: 1, height: 1, pixels: [0, 0, 0])
    try picture.write(to: path, metadata: PictureMetadata(parameters: parameters, json: json))
    return try PictureRecord(fromPicture: path)
  }

  @Test func aTextOfA1111() throws {
    let record = try record(
      """
      a (red:1.2) house,
      by a lake
      Negative prompt: rain, fog
      snow
      Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 42, Size: 512x768, Model hash: 6ce0161689, \
      Model: v1-5-pruned-emaonly, Clip skip: 2, ENSD: 31337, Lora hashes: "a: 1, b: 2", Version: v1.7.0
      """)
    let request = record.request
    #expect(record.origin == .a1111 && record.engineVersion == nil)
    #expect(record.model == ModelReference(name: "v1-5-pruned-emaonly", fingerprint: "6ce0161689"))
    #expect(request.prompt == "a (red:1.2) house,\nby a lake" && request.negativePrompt == "rain, fog\nsnow")
    #expect(request.steps == 20 && request.sampler == "DPM++ 2M Karras" && request.guidanceScale == 6.5)
    #expect(request.seed == 42 && request.width == 512 && request.height == 768 && request.clipSkip == 1)
    #expect(request.system == .a1111 && request.noise == .nvidia && request.promptSyntax == .a1111)
    #expect(record.notices.map(\.description) == ["not understood and left out: ENSD, Lora hashes"])
  }

  @Test func randomNumbersOfTheProcessor() throws {
    let request = try record("x\nSteps: 3, Sampler: Euler, Schedule type: Automatic, RNG: CPU").request
    #expect(request.noise == .torchCPU && request.schedule == "Automatic" && request.negativePrompt == "")
  }

  @Test func linesThatEndAsOnWindows() throws {
    let request = try record("a boat\r\nNegative prompt: rain\r\nSteps: 3, Sampler: Euler").request
    #expect(request.prompt == "a boat" && request.negativePrompt == "rain" && request.steps == 3)
  }

  /// What was drawn from another picture does not hold it. A second pass has a strength of its own.
  @Test func aStrengthNeedsAPicture() throws {
    let line = "x\nSteps: 3, Sampler: Euler, Denoising strength: 0.5"
    let notices = try record(line).notices.map(\.description)
    #expect(notices.count == 1 && notices.first?.contains("--init names one") == true)
    #expect(try !record("\(line), Hires upscale: 2").notices.contains { $0.description.contains("--init") })
  }

  /// The size is that of the first pass there, and of the finished picture here.
  @Test func aSecondPassOfA1111() throws {
    let line = "x\nSteps: 8, Sampler: Euler, Seed: 3, Size: 512x384, Denoising strength: 0.6"
    let record = try record("\(line), Hires upscale: 1.5, Hires steps: 4, Hires upscaler: Latent")
    let request = record.request
    #expect([request.width, request.height] == [768, 576] && request.secondPassScale == 1.5)
    #expect(request.secondPassSteps == 4 && request.secondPassStrength == 0.6 && request.strength == nil)
    #expect(request.upscaler?.name == "Latent" && record.notices.isEmpty)
    let resized = try self.record("\(line), Hires resize: 1024x768, Hires upscaler: Lanczos").request
    #expect([resized.width, resized.height] == [1024, 768] && resized.secondPassScale == 2)
  }

  @Test func variationsAndMasksOfA1111() throws {
    let line = "x\nSteps: 8, Sampler: Euler, Seed: 3, Size: 512x384, Denoising strength: 0.6"
    let varied = try record(
      "\(line), Variation seed: 4, Variation seed strength: 0.5, Seed resize from: 64x128")
    #expect(varied.request.subseed == 4 && varied.request.subseedStrength == 0.5)
    #expect([varied.request.seedWidth, varied.request.seedHeight] == [64, 128] && varied.notices.count == 1)
    let masked = try record(
      "\(line), Mask blur: 6, Masked content: latent noise, Inpaint area: Only masked, Masked area padding: 8"
    )
    #expect(masked.request.maskBlur == 6 && masked.request.maskFill == .noise && masked.notices.count == 1)
    #expect(masked.request.inpaintArea == .masked && masked.request.maskPadding == 8)
  }

  /// Of a scale that whole latents do not follow, the first pass is what the text says.
  @Test(arguments: [(1.3, 80, 120), (1.7, 104, 160), (1, 64, 96), (2.45, 152, 232)])
  func theFirstPassIsWhatTheTextSays(_ scale: Double, _ width: Int, _ height: Int) throws {
    let line = "x\nSteps: 8, Sampler: Euler, Seed: 3, Size: 64x96, Denoising strength: 0.6"
    let request = try record("\(line), Hires upscale: \(scale), Hires upscaler: Latent").request
    #expect([request.width, request.height] == [width, height])
    let first = [width, height].map { GenerationRequest.firstSide(of: $0, request.secondPassScale ?? 0, 8) }
    #expect(first == [64, 96])
  }

  @Test func aTextOfStableDiffusionCPP() throws {
    let record = try record(
      """
      纯白的 cat
      Negative prompt: rain
      Steps: 4, CFG scale: 1.500000, Guidance: 3.500000, Eta: inf, Seed: 42, Size: 512x384, Model: , RNG: cuda, \
      Sampler: euler_a karras, Clip skip: 2, TE: te.gguf, Unet: tiny.safetensors, VAE: soft.sft, \
      Version: stable-diffusion.cpp, SDCPP: {"prompt":{"positive":"Steps: 9, Seed: 1"},"seed":7,"steps":9}
      """)
    let request = record.request
    #expect(record.origin == .stableDiffusionCPP && record.model?.name == "tiny")
    #expect(record.model?.vae?.name == "soft.sft")
    #expect(request.prompt == "纯白的 cat" && request.negativePrompt == "rain" && request.steps == 4)
    #expect(request.sampler == "Euler a" && request.schedule == "Karras" && request.guidanceScale == 1.5)
    #expect(request.seed == 42 && request.width == 512 && request.height == 384 && request.clipSkip == 1)
    #expect(request.system == .a1111 && request.noise == .nvidia && request.eta == nil)
    #expect(record.notices.map(\.description) == ["not understood and left out: TE"])
  }

  /// Names with and without a schedule, in the words of the system that draws them.
  @Test(arguments: [
    ("euler", "Euler", "Uniform"), ("dpm++2m exponential", "DPM++ 2M", "Exponential"),
    ("ddim_trailing discrete", "DDIM", "trailing"), ("tcd sgm_uniform", "TCD", "SGM Uniform"),
    ("res_multistep", "res_multistep", "Uniform"), ("euler gits", "Euler", "gits"),
  ])
  func namesOfStableDiffusionCPP(name: String, sampler: String, schedule: String) throws {
    let request = try record(
      "x\nSteps: 3, Eta: 0.000000, RNG: cpu, Sampler: \(name), Version: stable-diffusion.cpp"
    ).request
    #expect(request.sampler == sampler && request.schedule == schedule && request.noise == .torchCPU)
    #expect(request.eta == nil && request.clipSkip == nil)
  }

  @Test(arguments: [
    "Steps: 0, Seed: 1", "Steps: 3, Size: 512", "Steps: 3, Seed: -2", "Steps: 3, Size: 512x513",
  ])
  func impossibleValuesAreErrors(line: String) throws {
    #expect { try record("x\n\(line)") } throws: { ($0 as? DarkroomError)?.kind == .request }
  }

  @Test func aTextWithoutFieldsIsNoRequest() throws {
    #expect { try record("a boat") } throws: { "\($0)".contains("holds no request") }
    #expect(throws: DarkroomError.self) { try record(nil) }
  }

  /// Pictures of older versions name their model in A1111's text alone.
  @Test func anOlderPicture() throws {
    let record = try record(
      "x\nSteps: 3, Model: tiny, Version: darkroom 0.0.9",
      json: #"{"prompt":"x","seed":7,"steps":3,"schedule":"leading","width":64,"height":64}"#)
    #expect(record.origin == .darkroom && record.engineVersion == "0.0.9" && record.request.seed == 7)
    #expect(record.model == ModelReference(name: "tiny") && record.notices.isEmpty)
  }

  @Test func flagsStandForFields() {
    var request = GenerationRequest(prompt: "a boat")
    (request.seed, request.steps, request.sampler, request.eta) = (1, 20, "ddim", 0.5)
    request.batchPlace = GenerationRequest.BatchPlace("2/4")
    var flags = GenerationRequest(prompt: "")
    (flags.seed, flags.sampler, flags.count) = (5, "euler_a", 2)
    let made = request.overridden(by: flags, fields: ["seed", "sampler", "count"])
    #expect(made.prompt == "a boat" && made.seed == 5 && made.steps == 20 && made.sampler == "euler_a")
    #expect(made.eta == nil && made.batchPlace == nil && made.count == 2)
    #expect(request.overridden(by: GenerationRequest(prompt: ""), fields: []) == request)
    // What a flag takes away is gone, as with --seed -1.
    #expect(request.overridden(by: GenerationRequest(prompt: ""), fields: ["seed"]).seed == nil)
    flags.prompt = "a house"
    #expect(request.overridden(by: flags, fields: ["prompt"]).prompt == "a house")
  }

  @Test func aListOfSeedsStandsForASeed() throws {
    var request = GenerationRequest(prompt: "a boat")
    (request.seed, request.count) = (1, 1)
    var flags = GenerationRequest(prompt: "")
    flags.seeds = [4, 9]
    let made = request.overridden(by: flags, fields: ["seeds"])
    #expect(made.seed == nil && made.seeds == [4, 9] && made.pictureCount == 2)
    try made.validate()
    // Seeds of pictures that share a generator are refused as such, and not for the place that one picture had.
    (request.batchNoise, request.batchPlace) = (.oneTensor, GenerationRequest.BatchPlace("2/4"))
    let error = #expect(throws: DarkroomError.self) {
      try request.overridden(by: flags, fields: ["seeds"]).validate()
    }
    #expect(error?.field == "seeds")
  }
}
