import Darkroom
import Foundation
import Pictures
import PipelineTestSupport
import SamplerComparison
import Testing

/// Whether distances are what they say: from the picture that more and more steps lead to.
@Suite struct ComparisonDistanceTests {
  private let trial: ComparisonTrial

  init() throws { trial = try ComparisonTrial() }

  private func distances(_ results: ComparisonResults, _ sampler: String, _ schedule: String) -> [Double] {
    results.cells.filter { $0.key.method == SamplingMethod(sampler: sampler, schedule: schedule) }
      .compactMap(\.measure?.latentRMSE)
  }

  @Test func withoutNoiseAllComeToOnePicture() throws {
    var request = ComparisonTrial.request(["euler"], steps: [5, 20, 120], referenceCalls: 200)
    request.schedules = ["linspace"]
    try trial.run(request)
    (request.samplers, request.schedules) = (["dpmpp_2m", "unipc"], ["karras"])
    let results = try trial.run(request)
    let known = try #require(results.references.first?.uncertainty)
    #expect(results.references.count == 1 && known.latentRMSE > 0)
    // Euler's levels for Karras' schedule begin lower, at the first of the model's own spacing.
    for (sampler, schedule) in [("euler", "linspace"), ("dpmpp_2m", "karras"), ("unipc", "karras")] {
      let distances = distances(results, sampler, schedule)
      try #require(distances.count == 3)
      #expect(distances[0] > 4 * distances[1] && distances[1] > 2 * distances[2], "\(sampler) \(distances)")
      if schedule == "karras" { #expect(distances[2] < 1.2 * known.latentRMSE) }
    }
    let psnr = results.cells(of: "dpmpp_2m").compactMap(\.measure?.psnr)
    #expect(psnr == psnr.sorted() && psnr[2] > psnr[0] + 6)
  }

  /// Fails if the Brownian path depended on the steps, or the reference began elsewhere.
  @Test func withNoiseEachComesToItsOwn() throws {
    let samplers = ["euler_a", "dpmpp_2m_sde", "dpmpp_2s_a"]
    var request = ComparisonTrial.request(samplers, steps: [5, 15, 45], referenceCalls: 120)
    request.schedules = ["trailing"]
    let results = try trial.run(request)
    for sampler in samplers {
      let distances = distances(results, sampler, "trailing")
      try #require(distances.count == 3)
      #expect(distances[0] > 2 * distances[1] && distances[1] > 2 * distances[2], "\(sampler) \(distances)")
    }
    // One for all schedules.
    request.schedules = ["karras", "trailing"]
    #expect(try trial.runner(request).plan.referenceCalls == 0)
  }

  @Test func promptsAndSeedsHaveTheirOwnReferences() throws {
    var request = ComparisonTrial.request(["euler"], steps: [40], prompts: ["a boat", "a red heart"])
    request.seeds = [1, 2]
    let results = try trial.run(request)
    #expect(results.references.count == 4)
    let pictures = try results.references.map { try Picture.decode(file: trial.path($0.picture)) }
    for (cell, own) in zip(results.cells, pictures) {
      let picture = try Picture.decode(file: trial.path(cell.picture))
      let nearest = pictures.map { picture.psnr(from: $0) }.max()
      #expect(nearest == picture.psnr(from: own))
    }
  }

  /// A picture of the folder is the one that its request makes alone.
  @Test func theMetadataMakesThePictureAgain() throws {
    let request = ComparisonTrial.request(["euler", "euler_a", "lcm", "ddpm", "heun"], steps: [3])
    let results = try trial.run(request)
    let pipeline = try TinyModel.pipeline()
    for cell in results.cells {
      let again = try GenerationRequest.read(fromPicture: trial.path(cell.picture))
      #expect(again.stepNoise == (cell.kind == .path ? .brownian : nil), "\(cell.key.sampler)")
      #expect(again.seed == 1 && again.steps == 3 && again.count == 1)
      #expect(try pipeline.picture(again) == Picture.decode(file: trial.path(cell.picture)))
    }
    // Without the path it is another.
    var other = try GenerationRequest.read(fromPicture: trial.path("p1-s1-euler_a-leading-3.png"))
    other.stepNoise = nil
    #expect(try pipeline.picture(other) != Picture.decode(file: trial.path("p1-s1-euler_a-leading-3.png")))
  }
}
