import Darkroom
import Graph
import Foundation
import PipelineTestSupport
import Sampling
import Testing

@Suite struct RequestResolutionTests {
  private static func model(_ change: (inout RequestDefaults) -> Void = { _ in }) throws -> ModelDescription {
    var model = try LoadedModel(.builtIn).description
    change(&model.defaults)
    return model
  }

  private static func resolve(
    _ request: GenerationRequest, _ model: ModelDescription,
    _ precisions: [GenerationRequest.Precision] = [.bfloat16, .float32]
  ) throws -> ResolvedRequest {
    try ResolvedRequest(request, for: model, precisions: precisions)
  }

  /// A request that says as much as it may.
  private static let full: GenerationRequest = {
    var request = GenerationRequest(prompt: "a \"cat\"\n日 / \u{1}")
    request.prompts = [WeightedPrompt(text: "b", weight: -0.5)]
    (request.negativePrompt, request.sampler, request.schedule, request.steps) = ("n", "ddim", "karras", 3)
    (request.guidanceScale, request.guidanceRescale, request.width, request.height) = (1.5, 0.25, 64, 128)
    (request.guidanceStart, request.guidanceEnd) = (0.1, 0.9)
    (request.seed, request.seeds, request.count, request.clipSkip) = (.max, [.max, 7], 2, 1)
    (request.eta, request.system, request.noise, request.stepNoise) = (0.3, .diffusers, .nvidia, .brownian)
    (request.promptSyntax, request.promptMode, request.precision) = (.plain, .truncate, .float32)
    (request.secondPass, request.batchNoise) = (.never, .perPicture)
    return request
  }()

  @Test func aSparseRequestTakesTheModelsDefaults() throws {
    let sparse = GenerationRequest(prompt: "a")
    let model = try Self.model()
    let usual = try Self.resolve(sparse, model)
    #expect(usual.steps == 25 && usual.guidanceScale == 7 && usual.sampler == "euler")
    #expect(usual.width == model.nativeSide && usual.height == model.nativeSide)
    #expect(usual.schedule == "trailing" && usual.eta == nil && usual.count == 1)
    #expect(usual.precision == .bfloat16 && usual.weights == .bfloat16)
    #expect(usual.model?.name == "built-in" && usual.engineVersion == darkroomVersion)
    #expect(usual.schemaVersion == 1)

    let distilled = try Self.model {
      ($0.steps, $0.guidanceScale, $0.sampler, $0.secondPass) = (1, 1, "euler_a", .never)
    }
    let fast = try Self.resolve(sparse, distilled, [.float16, .float32])
    #expect(fast.steps == 1 && fast.guidanceScale == 1 && fast.sampler == "euler_a" && fast.eta == 1)
    #expect(fast.secondPass == .never && fast.precision == .float16 && fast.negativePrompt.isEmpty)
    var asked = sparse
    (asked.steps, asked.sampler, asked.eta) = (7, "Euler a", 0.5)
    let said = try Self.resolve(asked, distilled)
    #expect(said.steps == 7 && said.sampler == "euler_a" && said.eta == 0.5 && said.guidanceScale == 1)
  }

  @Test func namesAndEtaAreThoseOfTheSystem() throws {
    var request = GenerationRequest(prompt: "a")
    (request.sampler, request.eta) = ("DPM++ 2M Karras", 0.5)
    let resolved = try Self.resolve(request, Self.model())
    #expect(resolved.sampler == "dpmpp_2m" && resolved.schedule == "karras")
    #expect(resolved.eta == nil, "it has no meaning for this sampler")
    request.system = .a1111
    let web = try Self.resolve(request, Self.model())
    #expect(web.sampler == "DPM++ 2M" && web.schedule == "Karras")
  }

  /// What is complete stays as it is, and survives JSON.
  @Test func resolvingAgainChangesNothing() throws {
    let model = try Self.model()
    for request in [GenerationRequest(prompt: "a"), Self.full] {
      let once = try Self.resolve(request, model)
      #expect(try Self.resolve(once.request, model) == once)
      let json = once.canonicalJSON
      let read = try JSONDecoder().decode(ResolvedRequest.self, from: Data(json.utf8))
      #expect(read == once && read.canonicalJSON == json)
      let encoded = try JSONEncoder().encode(once)
      #expect(try JSONDecoder().decode(ResolvedRequest.self, from: encoded) == once)
      let keys = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]).keys
      for key in ["model", "weights", "engine_version", "schema_version"] { #expect(keys.contains(key)) }
      #expect(try JSONDecoder().decode(GenerationRequest.self, from: Data(json.utf8)) == once.request)
    }
  }

  /// As pictures of earlier versions hold it.
  @Test func readsRequestsWithoutTheNewKeys() throws {
    let json = #"{"prompt":"a","sampler":"euler","schedule":"trailing","seed":3,"width":64,"height":64}"#
    let old = try JSONDecoder().decode(ResolvedRequest.self, from: Data(json.utf8))
    #expect(old.schemaVersion == 0 && old.model == nil && old.engineVersion == nil && old.weights == nil)
    #expect(old.seed == 3 && old.steps == 25 && old.precision == .auto)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ResolvedRequest.self, from: Data(#"{"prompt":"a"}"#.utf8))
    }
  }

  @Test func seedsOfPictures() throws {
    let model = try Self.model()
    var request = GenerationRequest(prompt: "a")
    (request.seeds, request.count) = ([5, 9], 4)
    let resolved = try Self.resolve(request, model)
    #expect(resolved.seed == 5 && resolved.seeds == [5, 9, 10, 11])
    request.seeds = [.max, 0]
    let counting = try Self.resolve(request, model)
    #expect(counting.seed == .max && counting.seeds == nil, "they count up, beyond 2^64 from 0")
    request.count = nil
    #expect(try Self.resolve(request, model).count == 2)
    (request.seeds, request.count) = ([1, 2, 3, 4, 5], 4)
    let error = #expect(throws: DarkroomError.self) { try Self.resolve(request, model) }
    #expect(error?.field == "seeds" && error?.description.contains("5 seeds for a count of 4") == true)
    (request.seeds, request.seed) = ([1], 2)
    #expect(throws: DarkroomError.self) { try Self.resolve(request, model) }
    (request.seeds, request.seed, request.batchNoise) = ([1, 5], nil, .oneTensor)
    #expect(throws: DarkroomError.self) { try Self.resolve(request, model) }
  }

  /// Picture k is the picture of its own seed.
  @Test func everySeedOfAListHasItsPicture() throws {
    let pipeline = try TinyModel.pipeline()
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps, request.precision) = (64, 64, 2, .float32)
    (request.seeds, request.count, request.sampler) = ([5, 9], 3, "euler_a")
    let together = try pipeline.latents(request)
    for (index, seed) in [5, 9, 10].enumerated() {
      var single = request
      (single.seeds, single.seed, single.count) = (nil, UInt64(seed), 1)
      #expect(try pipeline.latents(single) == together.picture(index))
    }
  }

  @Test func weightedPromptsAreAMean() throws {
    let pipeline = try TinyModel.pipeline()
    func encoded(_ prompt: String, _ negative: String? = nil, _ more: [(String, Double)] = []) throws
      -> (positive: [Float], negative: [Float])
    {
      var request = GenerationRequest(prompt: prompt)
      (request.width, request.height, request.steps, request.precision) = (64, 64, 1, .float32)
      request.negativePrompt = negative
      request.prompts = more.map { WeightedPrompt(text: $0.0, weight: $0.1) }
      let conditioning = try pipeline.sampled(pipeline.resolve(request)).conditioning
      return (conditioning.positive, try #require(conditioning.negative))
    }
    let (boat, dog, fog, sun) = (
      try encoded("a boat"), try encoded("a dog"), try encoded("fog").positive, try encoded("sun").positive
    )
    let mixed = try encoded("a boat", "sun", [("a dog", 3), ("fog", -1), ("cat", 0)])
    for index in boat.positive.indices {
      #expect(abs(mixed.positive[index] - (boat.positive[index] + 3 * dog.positive[index]) / 4) < 1e-5)
      #expect(abs(mixed.negative[index] - (sun[index] + fog[index]) / 2) < 1e-5)
    }
    #expect(try encoded("a boat", nil, [("fog", -2)]).negative == encoded("a boat", "fog").negative)
    #expect(try encoded("a boat", nil, [("cat", 0)]).positive == boat.positive)
  }

  @Test func strictJSON() throws {
    func read(_ json: String, strict: Bool = true, _ limits: RequestLimits = .standard) throws
      -> GenerationRequest
    { try GenerationRequest(json: json.utf8, strict: strict, limits: limits) }
    let plain = try read(
      #"{"prompt":"a","num_inference_steps":4,"guidance_scale":2,"seed":18446744073709551615}"#)
    #expect(plain.steps == 4 && plain.guidanceScale == 2 && plain.seed == .max && plain.sampler == nil)
    let unknown = #expect(throws: DarkroomError.self) { try read(#"{"prompt":"a","stepz":4}"#) }
    #expect(unknown?.field == "stepz" && unknown?.help == "did you mean steps?")
    #expect(try read(#"{"prompt":"a","stepz":4}"#, strict: false).steps == nil)
    var tight = RequestLimits()
    (tight.steps, tight.promptCharacters) = (1...10, 3)
    let steps = #expect(throws: DarkroomError.self) { try read(#"{"prompt":"a","steps":11}"#, tight) }
    #expect(steps?.description == "steps: 11 is not possible; expected 1 to 10")
    #expect(throws: DarkroomError.self) { try read(#"{"prompt":"abcd"}"#, tight) }
    for json in [
      "", "[]", "{", "{}", #"{"prompt":null}"#, #"{"prompt":3}"#, #"{"prompt":"a","steps":"3"}"#,
      #"{"prompt":"a","steps":3,"num_inference_steps":3}"#, #"{"prompt":"a","seeds":[1,2],"count":1}"#,
      #"{"prompt":"a","cfg_scale":1e999}"#, #"{"prompt":"a","sampler":"eulr"}"#,
    ] {
      let error = #expect(throws: DarkroomError.self, "\(json)") { try read(json) }
      #expect(error?.kind == .request)
    }
  }

  @Test func precisionsOfOtherDevicesAreRefused() throws {
    var request = GenerationRequest(prompt: "a")
    request.precision = .int8
    let model = try Self.model()
    let error = #expect(throws: DarkroomError.self) {
      try Self.resolve(request, model, [.float16, .float32])
    }
    #expect(error?.field == "precision" && error?.found == "int8")
    #expect(error?.expected == "auto or float32 or float16")
    let taken = try Self.resolve(request, model, [.bfloat16, .float32, .int8])
    #expect(taken.precision == .int8 && taken.weights == .int8)
  }

  /// Limits are a value: a tighter set refuses what the standard takes.
  @Test func limitsAreAValue() throws {
    var tight = RequestLimits()
    (tight.side, tight.count, tight.prompts) = (64...128, 1...1, 0)
    let model = try Self.model()
    var request = GenerationRequest(prompt: "a")
    request.width = 512
    let error = #expect(throws: DarkroomError.self) {
      try ResolvedRequest(request, for: model, precisions: [.float32], limits: tight)
    }
    #expect(error?.field == "width" && error?.expected == "a multiple of 8 from 64 to 128")
  }
}
