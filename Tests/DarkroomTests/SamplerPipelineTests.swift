import Darkroom
import Foundation
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Every sampler with a reference in a whole tiny pipeline (scripts/fixtures/models/make_sd1_tiny_samplers.py):
/// diffusers' own pipeline, or k-diffusion and A1111's Restart around diffusers' network.
@Suite struct SamplerPipelineTests {
  struct Case: Decodable {
    struct Settings: Decodable {
      var use_karras_sigmas: Bool?
      var timestep_spacing: String?
    }
    var sampler: String
    var system: String
    var num_inference_steps: Int?
    var guidance_scale: Double
    var eta: Double?
    var settings: Settings?
    var sigmas: [Double]?
    var sigma_min: Double?
    var sigma_max: Double?
    var noise: String?
    var rtol: Double?
    var atol: Double?
    var h_init: Double?
  }

  struct Content: Decodable {
    var prompt: String
    var negative_prompt: String
    var seed: UInt64
    var cases: [String: Case]
  }

  static func content() throws -> Content {
    try JSONDecoder().decode(Content.self, from: Fixtures.data("sd1_tiny.samplers.json"))
  }

  static let names = ((try? content())?.cases.keys.sorted()) ?? []

  @Test func everySamplerIsThere() throws {
    #expect(Self.names.count == 34)
    #expect(Set(try Self.content().cases.values.map(\.sampler)) == Set(Sampler.all.map(\.name)))
  }

  static func request(_ content: Content, _ golden: Case) throws -> GenerationRequest {
    var request = GenerationRequest(prompt: content.prompt)
    request.negativePrompt = content.negative_prompt
    (request.precision, request.promptSyntax, request.promptMode) = (.float32, .plain, .truncate)
    (request.width, request.height, request.seed) = (64, 64, content.seed)
    (request.guidanceScale, request.eta) = (golden.guidance_scale, golden.eta)
    (request.sampler, request.steps) = (golden.sampler, golden.num_inference_steps ?? 8)
    if golden.settings?.use_karras_sigmas == true { request.schedule = "karras" }
    if let spacing = golden.settings?.timestep_spacing { request.schedule = spacing }
    // A1111's DPM fast has eta 1 if nothing is said.
    if golden.sigma_min != nil { request.eta = 0 }
    if golden.system == "k-diffusion" {
      // A1111 takes its Brownian paths between the list's ends, as k-diffusion does.
      let sampler = try NameSystem.diffusers.sampler(golden.sampler).sampler
      (request.system, request.sampler) = (.a1111, sampler.name(in: .a1111))
    }
    return request
  }

  /// k-diffusion's lists are not one system's: the job gets them as they are.
  static func useList(_ golden: Case, in job: inout Job) throws {
    guard golden.system == "k-diffusion" else { return }
    let scale = LevelScale(
      .varianceExploding, of: try TrainingNoise(ScheduleSettings()), smallest: golden.sigma_min)
    let sigmas =
      try golden.sigmas
      ?? Array(repeating: #require(golden.sigma_max), count: golden.num_inference_steps ?? 8) + [0]
    let levels = sigmas.map { $0 > 0 ? scale.level(ratio: $0) : scale.clean }
    job.first.steps = StepList(
      steps: zip(levels, levels.dropFirst()).map(Step.init(from:to:)), initialScale: sigmas[0], levels: scale)
    if let relative = golden.rtol, let absolute = golden.atol, let width = golden.h_init {
      job.sampler = .adaptive(relative: relative, absolute: absolute, width: width)
    }
  }

  /// A change of the weights by 1e-6 moves these latents by up to 9e-4 (DPM fast).
  @Test(arguments: names) func latentsAreTheReference(_ name: String) throws {
    let content = try Self.content()
    let golden = try #require(content.cases[name])
    let goldens = try Golden(path: Fixtures.url("sd1_tiny.samplers.safetensors").path)
    let pipeline = try TinyModel.pipeline()
    let request = try Self.request(content, golden)
    var job = try pipeline.resolve(request)
    try Self.useList(golden, in: &job)
    let latents = try pipeline.sampled(job).latents
    let difference = try largestDifference(latents.values.map(Float.init), goldens.tensor(name).0)
    #expect(difference <= 2e-3, "\(name)")
  }
}
