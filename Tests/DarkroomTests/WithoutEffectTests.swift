import Darkroom
import PipelineTestSupport
import Testing

/// What is asked for and changes nothing is named, and nothing else is.
@Suite struct WithoutEffectTests {
  private let pipeline: Pipeline

  init() throws { pipeline = try TinyModel.pipeline() }

  private func fields(_ change: (inout GenerationRequest) -> Void) throws -> [String] {
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps, request.seed) = (64, 64, 8, 1)
    change(&request)
    let job = try pipeline.resolve(request)
    #expect(job.withoutEffect.allSatisfy { !$0.reason.isEmpty })
    // A request that is complete already says no less.
    return job.withoutEffect.map(\.field)
  }

  typealias Change = @Sendable (inout GenerationRequest) -> Void

  @Test func guidance() throws {
    let unguided: [(String, Change)] = [
      ("negative_prompt", { $0.negativePrompt = "a dog" }),
      ("guidance_rescale", { $0.guidanceRescale = 0.5 }),
      ("guidance_start", { $0.guidanceStart = 0.5 }), ("guidance_end", { $0.guidanceEnd = 0.5 }),
      ("prompts of negative weight", { $0.prompts = [WeightedPrompt(text: "b", weight: -1)] }),
    ]
    for (field, change) in unguided {
      #expect(try fields { change(&$0) } == [])
      #expect(
        try fields {
          change(&$0); $0.guidanceScale = 1
        } == [field])
      #expect(
        try fields {
          change(&$0); $0.guidanceScale = 0.5
        } == ["cfg_scale", field])
      for system in [GenerationRequest.System.a1111, .comfyui] {
        #expect(
          try fields {
            change(&$0); ($0.guidanceScale, $0.system) = (0.5, system)
          } == [])
      }
    }
    #expect(
      try fields { ($0.guidanceStart, $0.negativePrompt) = (1, "b") } == ["cfg_scale", "negative_prompt"])
    #expect(try fields { $0.guidanceStart = 0.1 } == ["guidance_start"])
    #expect(try fields { $0.guidanceEnd = 0.99 } == [], "one step of eight is not guided")
  }

  @Test func noise() throws {
    #expect(try fields { $0.eta = 0.5 } == ["eta"])
    #expect(try fields { ($0.eta, $0.sampler) = (0.5, "ddim") } == [])
    #expect(try fields { $0.stepNoise = .brownian } == ["step_noise"])
    #expect(try fields { ($0.stepNoise, $0.sampler) = (.brownian, "euler_a") } == [])
    #expect(try fields { ($0.stepNoise, $0.sampler, $0.eta) = (.brownian, "euler_a", 0) } == ["step_noise"])
    #expect(try fields { $0.batchNoise = .oneTensor } == ["batch_noise"])
    #expect(try fields { ($0.batchNoise, $0.count) = (.oneTensor, 2) } == [])
    #expect(try fields { ($0.batchNoise, $0.sampler) = (.comfyUI, "euler_a") } == [])
    #expect(try fields { $0.batchNoise = .comfyUI } == ["batch_noise"])
    #expect(try fields { $0.seed = 1 << 32 | 7 } == ["the upper half of seed 4294967303"])
    #expect(try fields { ($0.seed, $0.noise) = (1 << 32 | 7, .nvidia) } == [])
  }

  @Test func path() throws {
    #expect(try fields { $0.schedule = "karras" } == [])
    #expect(try fields { ($0.schedule, $0.sampler, $0.system) = ("Karras", "DDIM", .a1111) } == ["schedule"])
    #expect(try fields { ($0.schedule, $0.sampler, $0.system) = ("Automatic", "DDIM", .a1111) } == [])
    #expect(try fields { ($0.schedule, $0.sampler, $0.steps) = ("trailing", "lcm", 4) } == ["schedule"])
    #expect(try fields { $0.secondPass = .never } == ["second_pass"])
    #expect(try fields { $0.prompts = [WeightedPrompt(text: "b", weight: 0)] } == ["prompts"])
  }

  /// Defaults, said or not, are no settings without effect.
  @Test func defaultsAreSilent() throws {
    let usual = try pipeline.resolve(GenerationRequest(prompt: "a")).request.request
    #expect(try pipeline.resolve(usual).withoutEffect.isEmpty)
    for sampler in Catalogue.samplers where sampler.name != "dpm_adaptive" {
      #expect(try fields { $0.sampler = sampler.name } == [])
    }
  }
}
