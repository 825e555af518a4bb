import Darkroom
import Foundation
import Pictures
import PipelineTestSupport
import Sampling
import TestSupport
import Testing

/// Second passes as a request sets them (A1111's hires fix), with the tiny model, whose native size is 64x64.
@Suite struct ChosenSecondPassTests {
  private func request() -> GenerationRequest {
    var request = GenerationRequest(prompt: "a red boat")
    request.precision = .float32
    (request.sampler, request.steps, request.seed) = ("euler", 5, 7)
    (request.width, request.height, request.secondPassScale) = (64, 48, 2)
    return request
  }

  /// The sizes and steps of each pass.
  private func passes(_ change: (inout GenerationRequest) -> Void) throws -> [[Int]] {
    var request = self.request()
    change(&request)
    return try TinyModel.pipeline().resolve(request).passes.map { [$0.width, $0.height, $0.count] }
  }

  @Test func sizesStepsAndStrengths() throws {
    #expect(try passes { _ in } == [[32, 24, 5], [64, 48, 2]])
    #expect(try passes { $0.secondPassScale = 1 } == [[64, 48, 5], [64, 48, 2]])
    #expect(try passes { $0.secondPassScale = 1.5 } == [[40, 32, 5], [64, 48, 2]])
    #expect(try passes { $0.secondPassSteps = 10 } == [[32, 24, 5], [64, 48, 4]])
    #expect(
      try passes { ($0.secondPassSteps, $0.secondPassStrength) = (10, 0.75) } == [[32, 24, 5], [64, 48, 7]])
    // By A1111's rule one more, by ComfyUI's as many as were asked for.
    #expect(
      try passes { ($0.system, $0.secondPassStrength, $0.schedule) = (.a1111, 0.5, nil) } == [
        [32, 24, 5], [64, 48, 3],
      ])
    #expect(
      try passes { ($0.system, $0.secondPassStrength) = (.comfyui, 0.5) } == [[32, 24, 5], [64, 48, 5]])
    #expect(try passes { $0.secondPass = .never } == [[64, 48, 5]])
    // Where the model decides the size, the rest may be chosen too.
    #expect(
      try passes { ($0.width, $0.secondPassScale, $0.secondPassStrength) = (128, nil, 0.8) } == [
        [96, 40, 5], [128, 48, 4],
      ])
  }

  @Test func upscalersDifferAndAreWrittenDown() async throws {
    var made: Set<[UInt8]> = []
    for (name, title) in [
      ("lanczos", "Lanczos"), ("latent", "Latent"), ("latent-nearest", "Latent (nearest-exact)"),
      ("animevideov3", "animevideov3"),
    ] {
      var request = self.request()
      (request.upscaler, request.secondPassStrength) = (UpscalerReference(name), 0.4)
      let picture = try await make(request)[0]
      let written = try JSONDecoder().decode(
        ResolvedRequest.self, from: Data(picture.request.canonicalJSON.utf8))
      #expect(written == picture.request && written.upscaler?.name == name && written.secondPassScale == 2)
      #expect(try await make(written.request)[0].pixels == picture.pixels)
      #expect(picture.metadata.parameters?.contains("Hires upscaler: \(title),") == true)
      made.insert(picture.pixels)
    }
    #expect(made.count == 4)
  }

  @Test func whatHasNoEffectIsSaid() throws {
    var request = self.request()
    (request.secondPassScale, request.secondPassStrength, request.upscaler) = (
      nil, 0.5, UpscalerReference("latent")
    )
    let job = try TinyModel.pipeline().resolve(request)
    #expect(job.withoutEffect.map(\.field) == ["second_pass_strength", "upscaler"])
    #expect(job.request.upscaler == nil && job.request.secondPassStrength == nil)
  }

  @Test func upscalersAreThoseThatWereNamed() throws {
    var request = self.request()
    request.upscaler = UpscalerReference("latnet")
    let unknown = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(unknown?.description.hasPrefix("upscaler: ") == true)
    request.upscaler = UpscalerReference("animevideov3", sha256: String(repeating: "0", count: 64))
    let other = #expect(throws: DarkroomError.self) { try TinyModel.pipeline().resolve(request) }
    #expect(other?.description.hasPrefix("upscaler: animevideov3: is another network") == true)
    request.upscaler = UpscalerReference("\(TinyModel.folder)/vae/diffusion_pytorch_model.safetensors")
    let unfit = #expect(throws: (any Error).self) { try TinyModel.pipeline().resolve(request) }
    #expect(unfit.map { "\($0)" }?.contains("upscaler") == true)
  }

  /// torch.nn.functional.interpolate of the same numbers.
  @Test func latentsAreEnlargedAsByTorch() {
    let latents = Latents(batch: 1, channels: 1, height: 2, width: 3, values: [0, 1, 4, 9, 16, 25])
    #expect(
      latents.resized(height: 3, width: 5, by: .nearest).values
        == [0, 0, 1, 4, 4, 9, 9, 16, 25, 25, 9, 9, 16, 25, 25])
    let linear = latents.resized(height: 3, width: 5, by: .bilinear).values
    let torch = [0, 0.4, 1, 2.8, 4, 4.5, 6.1, 8.5, 12.1, 14.5, 9, 11.8, 16, 21.4, 25]
    #expect(zip(linear, torch).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(latents.resized(height: 2, width: 3, by: .bilinear) == latents)
  }
}
