import Sampling
import Testing

/// A1111's names, levels and habits, against its own functions.
@Suite struct WebUITests {
  static let names = ((try? Goldens.read("a1111", as: Goldens.WebUI.self))?.cases.keys.sorted()) ?? []

  @Test func everyCaseIsRead() { #expect(Self.names.count == 40) }

  @Test(arguments: names) func samplers(_ name: String) throws {
    let goldens = try Goldens.read("a1111", as: Goldens.WebUI.self)
    let golden = try #require(goldens.cases[name])
    let prediction = try #require(Prediction(rawValue: golden.prediction))
    let training = try TrainingNoise(ScheduleSettings())
    let sampler = try NameSystem.a1111.sampler(golden.sampler).sampler
    let schedule = try NameSystem.a1111.schedule(name.contains("karras") ? "Karras" : "Uniform")
    var list = try schedule.steps(golden.steps, of: training, for: sampler, in: .a1111)
    if name.contains("coarse") {
      let sigmas = try #require(golden.sigmas)
      let levels = sigmas.map { $0 > 0 ? list.levels.level(ratio: $0) : list.levels.clean }
      list.steps = zip(levels, levels.dropFirst()).map(Step.init(from:to:))
      list.initialScale = sigmas[0]
    }
    if let sigmas = golden.sigmas {
      let mine = [list.steps[0].from.sigma] + list.steps.map(\.to.sigma)
      #expect(
        zip(mine, sigmas).allSatisfy { abs($0 - $1) <= 6.5e-6 * max(1, $1) } && mine.count == sigmas.count)
    }
    var noise: any NoiseSource = TorchNoise(seed: 7)
    var x = toyLatents(goldens.start, scale: list.initialScale)
    var told: [Double] = []
    let calls = try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(eta: golden.eta, system: .a1111),
      denoise: toyDenoise(prediction) { told.append($0) })
    #expect(calls == golden.calls)
    #expect(largestDifference(told, golden.model_t) < 5e-3)
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }

  /// From the seed to the latents: starting noise, levels and Brownian path.
  @Test func seeded() throws {
    let goldens = try Goldens.read("a1111", as: Goldens.WebUI.self)
    #expect(goldens.seeded.count == 48)
    for golden in goldens.seeded {
      let (start, final) = try golden.run(in: .a1111, batch: .perPicture)
      #expect(largestDifference(start, golden.start) < 2e-5)
      // A sigma whose sixth decimal differs is another point of the path. The reference finds those between two listed
      // ones in single precision.
      #expect(
        largestDifference(final, golden.final) <= (golden.sampler == "k_dpmpp_sde" ? 1e-3 : 2e-4),
        "\(golden.sampler) \(golden.schedule) \(golden.steps)")
    }
  }
}

extension Goldens.WebUISeeded {
  /// From the seed by a system's rules: starting noise and final latents.
  func run(in system: NameSystem, batch: NoiseRule.Batch) throws -> (start: [Double], final: [Double]) {
    let sampler = try system.sampler(self.sampler).sampler
    let list = try system.schedule(schedule).steps(
      steps, of: TrainingNoise(ScheduleSettings()), for: sampler, in: system)
    let rule = NoiseRule(
      generator: generator == "nv" ? .nvidia : .torchCPU, batch: batch, steps: sampler.stepNoise(in: system))
    var noise = rule.source(seed: seed, pictures: 0..<1, of: 1, path: list.noisyRange)
    var x = Latents(batch: 1, channels: 16, height: 1, width: 1)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    let start = x.values
    try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(system: system), denoise: toyDenoise(.epsilon))
    return (start, x.values)
  }
}
