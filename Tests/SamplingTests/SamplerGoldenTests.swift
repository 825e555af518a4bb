import Sampling
import Testing

@Suite struct SamplerGoldenTests {
  static let names = ((try? Goldens.read("samplers", as: Goldens.Samplers.self))?.cases.keys.sorted()) ?? []
  static let kNames =
    ((try? Goldens.read("kdiffusion", as: Goldens.KDiffusion.self))?.cases.keys.sorted()) ?? []

  @Test func everyGoldenIsRead() {
    #expect(Self.names.count == 30)
    #expect(Self.kNames.count == 6)
  }

  /// Levels, initial scale and states are those of diffusers' schedulers.
  @Test(arguments: names) func diffusers(_ name: String) throws {
    let goldens = try Goldens.read("samplers", as: Goldens.Samplers.self)
    let golden = try #require(goldens.cases[name])
    let sampler = try Sampler.named(golden.sampler)
    let prediction = try #require(Prediction(rawValue: golden.settings.prediction_type))
    let settings = try golden.settings.scheduleSettings()
    let schedule: Schedule =
      golden.settings.use_karras_sigmas == true ? try .named("karras") : .own(of: settings)
    let list = try schedule.steps(golden.steps, of: TrainingNoise(settings), in: sampler.space)
    try prediction.check(list.steps)

    #expect(list.steps.count == golden.steps)
    #expect(abs(list.initialScale - golden.initial_scale) < 1e-6 * golden.initial_scale)
    for (step, timestep) in zip(list.steps, golden.timesteps) {
      #expect(abs(step.from.timestep - timestep) < 1e-3, "\(step)")
    }
    if let sigmas = golden.sigmas {
      for (level, sigma) in zip([list.steps[0].from] + list.steps.map(\.to), sigmas) {
        #expect(level.alpha == 1)
        #expect(abs(level.sigma - sigma) <= 2e-6 * max(1, sigma), "\(level)")
      }
    }

    var noise: any NoiseSource = TorchNoise(seed: 7)
    var x = toyLatents(goldens.start, scale: list.initialScale)
    var states: [[Float]] = []
    try sampler.sample(
      &x, steps: list.steps, noise: &noise,
      options: SamplerOptions(eta: golden.sampler == "ddim" ? golden.eta : nil),
      denoise: toyDenoise(prediction)
    ) { x, level, index in
      #expect(level == list.steps[index].to)
      states.append(x.values)
    }
    try #require(states.count == golden.steps)
    #expect(largestDifference(states[0], golden.after_first) <= 2e-5)
    #expect(largestDifference(states[min(1, golden.steps - 1)], golden.after_second) <= 2e-5)
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }

  /// The same samplers on k-diffusion's levels, which the tests bring along.
  @Test(arguments: kNames) func kDiffusion(_ name: String) throws {
    let goldens = try Goldens.read("kdiffusion", as: Goldens.KDiffusion.self)
    let golden = try #require(goldens.cases[name])
    let prediction = try #require(Prediction(rawValue: golden.prediction))
    let levels = zip(golden.timesteps + [0], golden.sigmas).map {
      NoiseLevel(timestep: $0, alpha: 1, sigma: $1)
    }
    let steps = zip(levels, levels.dropFirst()).map { Step(from: $0, to: $1) }
    try #require(steps.count == 10)
    var noise: any NoiseSource = TorchNoise(seed: 7)
    var x = toyLatents(goldens.start, scale: golden.sigmas[0])
    try Sampler.named(golden.sampler).sample(
      &x, steps: steps, noise: &noise, options: SamplerOptions(eta: golden.eta),
      denoise: toyDenoise(prediction))
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }
}
