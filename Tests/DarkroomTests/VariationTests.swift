import Darkroom
import Foundation
import PipelineTestSupport
import Testing

/// Requests for variations of a seed.
@Suite struct VariationTests {
  private func request() -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    (request.sampler, request.steps, request.seed, request.precision) = ("euler", 2, 5, .float32)
    (request.width, request.height) = (32, 32)
    return request
  }

  @Test func picturesShareTheSeedAndHaveTheirSubseeds() async throws {
    var varied = request()
    (varied.subseed, varied.subseedStrength, varied.count) = (9, 0.3, 2)
    let both = try await make(varied)
    #expect(both.map(\.request.seed) == [5, 5] && both.map(\.request.subseed) == [9, 10])
    #expect(both[0].pixels != both[1].pixels)
    #expect(
      both[1].metadata.parameters?.contains("Variation seed: 10, Variation seed strength: 0.3") == true)
    #expect(try await make(both[1].request.request)[0].pixels == both[1].pixels)
    #expect(try await make(request())[0].pixels != both[0].pixels)
    varied.subseedStrength = 1
    var other = request()
    other.seed = 9
    let pixels = try await (make(varied)[0].pixels, make(other)[0].pixels)
    #expect(zip(pixels.0, pixels.1).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test func aSeedKeepsItsCompositionInAnotherSize() async throws {
    var resized = request()
    (resized.width, resized.seedWidth) = (48, 32)
    let made = try await make(resized)[0]
    #expect(made.request.seedWidth == 32 && made.request.seedHeight == 32)
    resized.seedWidth = nil
    #expect(try await make(resized)[0].pixels != made.pixels)
    #expect(try await make(made.request.request)[0].pixels == made.pixels)
  }

  @Test func whatChangesNothingIsTold() throws {
    var request = request()
    (request.subseed, request.seedWidth, request.seedHeight) = (9, 32, 32)
    let job = try TinyModel.pipeline().resolve(request)
    #expect(job.withoutEffect.map(\.field) == ["subseed", "seed_width"])
    #expect(job.request.subseed == nil && job.request.seedWidth == nil)
    (request.subseedStrength, request.batchNoise) = (0.1, .oneTensor)
    let error = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(error?.field == "subseed_strength" && error?.expected == "batch_noise per-picture")
    // A list that counts up stays one, since seeds no longer do.
    (request.seeds, request.seed, request.batchNoise) = ([4, 5], nil, nil)
    #expect(try TinyModel.pipeline().resolve(request).request.seeds == [4, 5])
  }
}
