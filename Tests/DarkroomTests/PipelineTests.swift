import Darkroom
import Foundation
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Whole tiny pipelines against diffusers 0.42.1 (scripts/fixtures/models/make_sd1_tiny.py).
@Suite struct PipelineTests {
  /// fp32 sums in another order move these latents by up to 2e-4: they pass through 8 steps of guidance.
  @Test(arguments: TinyModel.latentCases) func latentsAreDiffusers(name: String) throws {
    let model = try TinyModel()
    let latents = try TinyModel.pipeline().latents(model.request(name))
    let difference = try largestDifference(latents.values.map(Float.init), model.golden(name))
    #expect(difference <= 5e-4, "\(name)")
  }

  @Test func coversTheSamplersOfTheEngine() {
    #expect(TinyModel.latentCases.count >= 12)
  }

  @Test(arguments: [("prompt_embeds", 0), ("prompt_embeds_clipskip1", 1)])
  func promptEmbeddings(name: String, skip: Int) throws {
    let model = try TinyModel()
    let pipeline = try TinyModel.pipeline()
    var request = try model.request("latents_ddim_seed42_steps8_cfg7.5")
    request.clipSkip = skip
    let job = try pipeline.resolve(request)
    let conditioning = try pipeline.sampled(job).conditioning
    #expect(largestDifference(conditioning.positive, try model.golden(name)) <= 1e-4)
    #expect(
      largestDifference(conditioning.negative ?? [], try model.golden("negative_embeds")) <= 1e-4)
  }

  @Test func pixelsAreDiffusers() throws {
    let model = try TinyModel()
    let pipeline = try TinyModel.pipeline()
    let name = "ddim_seed42_steps8_cfg7.5"
    let picture = try pipeline.decode(pipeline.latents(model.request("latents_\(name)")))
    let expected = try model.golden("uint8_\(name)")
    let close = zip(picture.pixels, expected).filter { abs(Float($0) - $1) <= 1 }.count
    #expect(picture.pixels.count == expected.count)
    #expect(Double(close) >= 0.999 * Double(expected.count))
  }

  /// Goldens of another model of the same kind: a folder `sd1_tiny` beside `sd1_tiny.io.safetensors`.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DARKROOM_GOLDENS"] != nil))
  func otherGoldens() throws {
    let folder = ProcessInfo.processInfo.environment["DARKROOM_GOLDENS"] ?? ""
    let model = try TinyModel(goldens: "\(folder)/sd1_tiny.io.safetensors")
    let pipeline = try TinyModel.pipeline("\(folder)/sd1_tiny")
    for name in TinyModel.latentCases where model.has(name) {
      let difference = try largestDifference(
        pipeline.latents(model.request(name)).values.map(Float.init), model.golden(name))
      print(name, difference)
      #expect(difference <= 2e-3, "\(name)")
    }
  }
}

extension PipelineTests {
  /// Further prompts join by their weights: the conditioning is the weighted mean of the encodings.
  @Test func weightedPromptsAreTheirMean() throws {
    let pipeline = try TinyModel.pipeline()
    func context(_ prompt: String, _ more: [WeightedPrompt]? = nil) throws -> [Float] {
      var request = GenerationRequest(prompt: prompt)
      (request.width, request.height, request.steps, request.precision) = (64, 64, 1, .float32)
      request.prompts = more
      return try pipeline.sampled(pipeline.resolve(request)).conditioning.positive
    }
    let (boat, house) = (try context("a boat"), try context("a house"))
    let both = try context("a boat", [WeightedPrompt(text: "a house", weight: 3)])
    #expect(largestDifference(both, zip(boat, house).map { ($0 + 3 * $1) / 4 }) < 1e-5)
    // Negative weights join the negative prompt, and a weight of 0 is none.
    #expect(try context("a boat", [WeightedPrompt(text: "a house", weight: -3)]) == boat)
    #expect(try context("a boat", [WeightedPrompt(text: "a house", weight: 0)]) == boat)
  }
}
