import Sampling
import Testing

/// ComfyUI's own samplers by its names, levels and habits, against its functions.
@Suite struct ComfyUITests {
  static let names =
    ((try? Goldens.read("comfyui", as: Goldens.WebUISamplers.self))?.cases.keys.sorted()) ?? []

  @Test func everyCaseIsRead() { #expect(Self.names.count == 33) }

  @Test(arguments: names) func samplers(_ name: String) throws {
    let goldens = try Goldens.read("comfyui", as: Goldens.WebUISamplers.self)
    let golden = try #require(goldens.cases[name])
    let prediction = try #require(Prediction(rawValue: golden.prediction))
    let sampler = try NameSystem.comfyui.sampler(golden.sampler).sampler
    let schedule = try NameSystem.comfyui.schedule(try #require(golden.schedule))
    let list = try schedule.steps(
      golden.steps, of: TrainingNoise(ScheduleSettings()), for: sampler, in: .comfyui)
    let sigmas = try #require(golden.sigmas).dropLast()
    #expect(largestDifference(list.steps.map(\.from.sigma), Array(sigmas)) <= 2e-6)
    var noise: any NoiseSource = TorchNoise(seed: 7)
    var x = toyLatents(goldens.start, scale: list.initialScale)
    var told: [Double] = []
    let calls = try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(system: .comfyui),
      denoise: toyDenoise(prediction) { told.append($0) })
    #expect(calls == golden.calls)
    #expect(told == golden.model_t)
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }

  /// From the seed to the latents: starting noise, levels and Brownian path.
  @Test func seeded() throws {
    let goldens = try Goldens.read("comfyui", as: Goldens.WebUISamplers.self)
    #expect(goldens.seeded.count == 16)
    for golden in goldens.seeded {
      let (start, final) = try golden.run(in: .comfyui, batch: .comfyUI)
      #expect(largestDifference(start, golden.start) < 2e-5)
      // A sigma whose sixth decimal differs is another point of the path: about 1e-3 over the root of the step.
      #expect(
        largestDifference(final, golden.final) <= 1e-3,
        "\(golden.sampler) \(golden.schedule) \(golden.steps)")
    }
  }
}
