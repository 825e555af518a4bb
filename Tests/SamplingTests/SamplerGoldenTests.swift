import Sampling
import Testing

@Suite struct SamplerGoldenTests {
  static let names = ((try? Goldens.read("samplers", as: Goldens.Samplers.self))?.cases.keys.sorted()) ?? []
  static let kNames =
    ((try? Goldens.read("kdiffusion", as: Goldens.KDiffusion.self))?.cases.keys.sorted()) ?? []

  @Test func everySamplerHasGoldens() throws {
    let all =
      try Goldens.read("samplers", as: Goldens.Samplers.self).cases.values.map(\.sampler)
      + Goldens.read("kdiffusion", as: Goldens.KDiffusion.self).cases.values.map(\.sampler)
      + Goldens.read("a1111", as: Goldens.WebUI.self).cases.values.map(\.sampler)
      + Goldens.read("comfyui", as: Goldens.WebUISamplers.self).cases.values.map(\.sampler)
    for sampler in Sampler.all {
      #expect(([sampler.name] + sampler.aliases).contains { all.contains($0) }, "\(sampler.name)")
    }
    #expect(Self.names.count == 155)
    #expect(Self.kNames.count == 100)
  }

  /// Levels, timesteps, initial scale and states are those of diffusers' schedulers.
  @Test(arguments: names) func diffusers(_ name: String) throws {
    let goldens = try Goldens.read("samplers", as: Goldens.Samplers.self)
    let golden = try #require(goldens.cases[name])
    let (list, prediction) = try golden.listed()
    let sampler = try golden.samplerValue
    try prediction.check(list.steps)
    #expect(list.steps.count == golden.steps)
    #expect(abs(list.initialScale - golden.initial_scale) < 1e-6 * golden.initial_scale)
    if let sigmas = golden.sigmas { expectSigmas(list, sigmas, golden.steps) }

    var noise: any NoiseSource = TorchNoise(seed: 7)
    var x = toyLatents(goldens.start, scale: list.initialScale)
    var states: [[Double]] = []
    var told: [Double] = []
    let calls = try sampler.sample(
      &x, steps: list, noise: &noise,
      options: SamplerOptions(eta: ["ddim", "tcd"].contains(golden.sampler) ? golden.eta : nil),
      denoise: toyDenoise(prediction) { told.append($0) }
    ) { x, level, index in
      #expect(level == list.steps[index].to)
      states.append(x.values)
    }
    #expect(calls == golden.calls && told.count == golden.calls)
    #expect(largestDifference(told, golden.timesteps) < 2e-3)
    try #require(states.count == golden.steps)
    #expect(largestDifference(states[0], golden.after_first) <= 2e-5)
    #expect(largestDifference(states[min(1, golden.steps - 1)], golden.after_second) <= 2e-5)
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }

  private func expectSigmas(_ list: StepList, _ sigmas: [Double], _ count: Int) {
    // Some classes list the sigmas of their second calls as well.
    let distinct = sigmas.enumerated().filter { $0.offset == 0 || sigmas[$0.offset - 1] != $0.element }
    let mine = [list.steps[0].from] + list.steps.map(\.to)
    let expected = distinct.count == count + 1 ? distinct.map(\.element) : Array(sigmas.prefix(count + 1))
    for (level, sigma) in zip(mine, expected) {
      let own = list.levels.space == .flow ? level.sigma : level.ratio
      // The reference's smallest sigma comes from 1 - ᾱ in float32, which is off by 1.3e-5 of it.
      #expect(abs(own - sigma) <= 6.5e-6 * max(1, sigma), "\(level)")
    }
  }

  /// The same samplers on k-diffusion's levels.
  @Test(arguments: kNames) func kDiffusion(_ name: String) throws {
    let goldens = try Goldens.read("kdiffusion", as: Goldens.KDiffusion.self)
    let golden = try #require(goldens.cases[name])
    let prediction = try #require(Prediction(rawValue: golden.prediction))
    let scale = LevelScale(
      .varianceExploding, of: try TrainingNoise(ScheduleSettings()), smallest: golden.sigma_min)
    let sigmas =
      try golden.sigmas ?? Array(repeating: #require(golden.sigma_max), count: golden.n ?? 10) + [0]
    let levels = sigmas.map { $0 > 0 ? scale.level(ratio: $0) : scale.clean }
    let list = StepList(
      steps: zip(levels, levels.dropFirst()).map(Step.init(from:to:)), initialScale: sigmas[0], levels: scale)
    let seed = golden.seed ?? 7
    var noise: any NoiseSource = TorchNoise(seed: seed)
    if golden.noise == "brownian", list.noisyRange.lowerBound < list.noisyRange.upperBound {
      let range = list.noisyRange
      noise = BrownianNoise(
        seed: seed, smallest: range.lowerBound, largest: range.upperBound, start: TorchNoise(seed: 0))
    }
    var x = toyLatents(goldens.start, scale: sigmas[0])
    var told: [Double] = []
    let calls = try golden.samplerValue.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(eta: golden.eta, system: .a1111),
      denoise: toyDenoise(prediction) { told.append($0) })
    #expect(calls == golden.calls)
    // The adaptive steps' lengths come from differences of float32 numbers.
    #expect(largestDifference(told, golden.model_t) < (golden.sampler == "dpm_adaptive" ? 0.02 : 5e-3))
    #expect(largestDifference(x.values, golden.final) <= 2e-5)
  }
}

extension Goldens.KDiffusionCase {
  var samplerValue: Sampler {
    get throws {
      guard sampler == "dpm_adaptive" else { return try NameSystem.diffusers.sampler(sampler).sampler }
      return .adaptive(relative: rtol ?? 0.05, absolute: atol ?? 0.0078, width: h_init ?? 0.05)
    }
  }
}

extension Goldens.SamplerCase {
  var samplerValue: Sampler {
    get throws { try NameSystem.diffusers.sampler(sampler == "flow_euler" ? "euler" : sampler).sampler }
  }

  func listed() throws -> (StepList, Prediction) {
    if let shift = settings.shift {
      let noise = NoiseDescription.flow(shift: shift)
      let sampler = try samplerValue
      return (try noise.steps(steps, schedule: noise.ownSchedule(for: sampler), for: sampler), .flow)
    }
    let prediction = try #require(Prediction(rawValue: settings.prediction_type))
    let training = try TrainingNoise(settings.scheduleSettings())
    let sampler = try samplerValue
    let schedule: Schedule =
      settings.use_karras_sigmas == true
      ? .karras
      : settings.use_exponential_sigmas == true
        ? .exponential
        : settings.use_beta_sigmas == true ? .beta : .own(of: training.settings, for: sampler)
    return (try schedule.steps(steps, of: training, for: sampler), prediction)
  }
}
