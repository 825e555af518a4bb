import Foundation
import Sampling
import Testing

/// Flow models: every sampler whose formulas hold for them, from pure noise to the clean picture.
@Suite struct FlowTests {
  static let systems = [NameSystem.diffusers, .a1111, .comfyui]
  static let samplers = [
    "ddim", "ddpm", "euler", "heun", "dpm2", "lms", "dpmpp_2m", "dpmpp_3m", "dpmpp_2s", "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "unipc", "unipc_bh2", "deis",
  ]
  static let schedules = ["normal", "simple", "sgm_uniform", "linear_quadratic"]
  /// These put other sigmas over diffusers' list, which other systems do not have.
  static let reshaped = ["karras", "exponential", "beta"]

  static func sampler(_ name: String) throws -> Sampler { try NameSystem.diffusers.sampler(name).sampler }

  static func schedules(_ system: NameSystem) throws -> [Schedule] {
    try (schedules + (system == .diffusers ? reshaped : [])).map { try NameSystem.diffusers.schedule($0) }
  }

  static func list(_ count: Int, shift: Double = 1, _ sampler: Sampler) throws -> StepList {
    try NoiseDescription.flow(shift: shift).steps(count, schedule: .normal, for: sampler)
  }

  @Test(arguments: systems) func resultsAreFinite(_ system: NameSystem) throws {
    for name in Self.samplers {
      let sampler = try Self.sampler(name)
      for schedule in try Self.schedules(system) {
        for shift in [0.3, 1.15, 3] {
          for count in [1, 2, 3, 5, 10, 50, 1000] where count < 1000 || shift == 3 && system == .diffusers {
            let noise = NoiseDescription.flow(shift: shift)
            let list = try noise.steps(count, schedule: schedule, for: sampler, in: system)
            let label = "\(name) \(schedule.name) \(count) steps, shift \(shift)"
            #expect(list.steps.count == count && Self.isUsable(list), "\(label)")
            try Prediction.flow.check(list.steps)
            let (x, calls) = try EverySamplerTests.run(sampler, list, in: system, prediction: .flow)
            #expect(x.statistics.nonFinite == 0, "\(label)")
            #expect(max(-x.statistics.minimum, x.statistics.maximum) < 200, "\(label): \(x.statistics)")
            #expect(EverySamplerTests.expectedCalls(sampler, list).contains(calls), "\(label): \(calls)")
          }
        }
      }
    }
  }

  /// From pure noise to the clean picture, always less noisy.
  static func isUsable(_ list: StepList) -> Bool {
    let levels = list.steps.map(\.from) + list.steps.suffix(1).map(\.to)
    return levels[0] == NoiseLevel(timestep: 1000, alpha: 0, sigma: 1) && list.initialScale == 1
      && levels[levels.count - 1] == NoiseLevel(timestep: 0, alpha: 1, sigma: 0)
      && zip(levels, levels.dropFirst()).allSatisfy { $0.sigma > $1.sigma }
      && levels.allSatisfy { $0.alpha == 1 - $0.sigma && $0.timestep == 1000 * $0.sigma }
      && zip(list.steps, list.steps.dropFirst()).allSatisfy { $0.to == $1.from }
  }

  @Test func shortenedListsAndBatches() throws {
    for name in Self.samplers {
      let sampler = try Self.sampler(name)
      for (count, strength) in [(10, 0.3), (10, 0.12), (20, 0.75), (21, 1)] {
        let list = try Self.list(count, shift: 3, sampler).kept(strength: strength)
        let together = try EverySamplerTests.run(
          sampler, list, in: .diffusers, batch: 0..<2, of: 2, prediction: .flow
        ).x
        #expect(together.statistics.nonFinite == 0, "\(name) \(count) \(strength)")
        for picture in 0..<2 {
          let alone = try EverySamplerTests.run(
            sampler, list, in: .diffusers, batch: picture..<picture + 1, of: 2, prediction: .flow
          ).x
          #expect(together.picture(picture) == alone, "\(name)")
        }
      }
    }
  }

  static func solve(_ sampler: Sampler, _ list: StepList) throws -> Double {
    var noise: any NoiseSource = TorchNoise(seed: 3)
    var x = Latents(batch: 1, channels: 1, height: 4, width: 4)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    let begin = x
    let pictures = SamplerTests.GaussianPictures()
    try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(eta: 0), denoise: pictures.denoise)
    let (from, to) = (list.steps[0].from, list.steps[list.steps.count - 1].to)
    return zip(begin.values, x.values).map { abs(pictures.exact($0, from: from, to: to) - $1) }.max()
      ?? .infinity
  }

  /// The orders that the methods have by their papers, but that multistep ones begin with a step of first order.
  @Test(arguments: [
    ("euler", 1.0), ("ddim", 1), ("heun", 2), ("dpm2", 2), ("lms", 2), ("dpmpp_2m", 2), ("dpmpp_2s", 2),
    ("dpmpp_2m_sde", 2), ("deis", 2),
  ]) func order(_ name: String, _ expected: Double) throws {
    let sampler = try Self.sampler(name)
    let errors = try [101, 404].map { count in
      var list = try Self.list(count, sampler)
      // The step to the clean picture is of first order for all.
      list.steps.removeLast()
      return try Self.solve(sampler, list)
    }
    let measured = log(errors[0] / errors[1]) / log(4)
    #expect(abs(measured - expected) < 0.3, "\(measured), errors \(errors)")
  }

  @Test(arguments: samplers.filter { $0 != "ddpm" }) func followsTheFlowOfAGaussian(_ name: String) throws {
    let sampler = try Self.sampler(name)
    let errors = try [50, 500].map { try Self.solve(sampler, Self.list($0, sampler)) }
    #expect(errors[1] < 0.005 && errors[1] < errors[0] / 7, "\(errors)")
    let fine = try NoiseDescription.flow(shift: 1).fineSteps(2000, for: sampler, in: .diffusers)
    #expect(try fine.steps.count == 2000 && Self.solve(sampler, fine) < 0.001)
  }

  /// Samplers with noise keep the distribution of the pictures, from fresh noise and along a path.
  @Test(arguments: ["ddim", "ddpm", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde"])
  func keepsTheDistributionWithNoise(_ name: String) throws {
    let sampler = try Self.sampler(name)
    for noise in [Sampler.StepNoise.generator, .brownian] {
      let x = try Self.draw(sampler, steps: 200, noise, size: 64)
      #expect(abs(x.statistics.mean - 0.8) < 0.03, "\(noise): \(x.statistics)")
      #expect(abs(x.statistics.standardDeviation - 0.5) < 0.03, "\(noise): \(x.statistics)")
    }
  }

  static func draw(
    _ sampler: Sampler, steps: Int, _ noise: Sampler.StepNoise, size: Int
  ) throws -> Latents {
    let description = NoiseDescription.flow(shift: 1)
    let list = try description.steps(steps, schedule: .normal, for: sampler)
    var source = NoiseRule(steps: noise).source(
      seed: 11, pictures: 0..<1, of: 1, path: try description.range)
    var x = Latents(batch: 1, channels: 4, height: size, width: size)
    source.fill(&x)
    try sampler.sample(
      &x, steps: list, noise: &source, options: SamplerOptions(eta: 1),
      denoise: SamplerTests.GaussianPictures().denoise)
    return x
  }

  /// Along one Brownian path more steps refine fewer.
  @Test func pathsHaveALimit() throws {
    let (rough, fine, finest) = (
      try Self.draw(.dpmpp2MSDE, steps: 50, .brownian, size: 4),
      try Self.draw(.dpmpp2MSDE, steps: 200, .brownian, size: 4),
      try Self.draw(.dpmpp2MSDE, steps: 1000, .brownian, size: 4)
    )
    let distances = [rough, fine].map { largestDifference($0.values, finest.values) }
    #expect(distances[1] < distances[0] / 1.5 && distances[1] < 0.2, "\(distances)")
  }

  @Test func levelsBetweenAndBeyondTheList() throws {
    let noise = NoiseDescription.flow(shift: 3)
    let scale = try noise.steps(4, schedule: .normal, for: .euler).levels
    let half = scale.level(ratio: 1)
    #expect(half == NoiseLevel(timestep: 500, alpha: 0.5, sigma: 0.5))
    #expect(scale.level(timestep: 250) == NoiseLevel(timestep: 250, alpha: 0.75, sigma: 0.25))
    #expect(abs(scale.cleanest.sigma - 0.003 / 1.002) < 1e-15)
    #expect(scale.level(timestep: 0) == scale.cleanest && scale.level(timestep: 2000).sigma == 1)
    #expect(try noise.range == scale.cleanest.sigma...1)
  }

  @Test func schedules() throws {
    func sigmas(_ schedule: Schedule, _ count: Int, shift: Double = 1) throws -> [Double] {
      try NoiseDescription.flow(shift: shift).steps(count, schedule: schedule, for: .euler).steps
        .map(\.from.sigma)
    }
    #expect(largestDifference(try sigmas(.simple, 4), [1, 0.75, 0.5, 0.25]) < 1e-12)
    #expect(largestDifference(try sigmas(.simple, 4, shift: 3), [1, 0.9, 0.75, 0.5]) < 1e-12)
    #expect(largestDifference(try sigmas(.sgmUniform, 2), [1, 0.5005]) < 1e-12)
    #expect(largestDifference(try sigmas(.linearQuadratic, 4), [1, 0.9875, 0.975, 0.725]) < 1e-12)
    for schedule in try Self.reshaped.map({ try NameSystem.diffusers.schedule($0) }) {
      let (own, normal) = (try sigmas(schedule, 10, shift: 3), try sigmas(.normal, 10, shift: 3))
      #expect(own[0] == 1 && own.count == 10 && abs(own[9] - normal[9]) < 1e-12, "\(schedule.name)")
    }
    for system in NameSystem.allCases {
      #expect(NoiseDescription.flow(shift: 3).ownSchedule(for: .dpmpp2M, in: system).name == "normal")
    }
  }

  @Test func whatIsNotForFlowIsRefusedByName() throws {
    let noise = NoiseDescription.flow(shift: 3)
    for sampler in Sampler.all where !Self.samplers.contains(sampler.name) {
      let expected = SamplingError.setting(
        name: "sampler", value: sampler.name,
        expected: "one whose formulas hold for flow models: " + Self.samplers.joined(separator: ", "))
      #expect(throws: expected) { _ = try noise.steps(5, schedule: .normal, for: sampler) }
      #expect(throws: expected) { _ = try noise.fineSteps(5, for: sampler, in: .diffusers) }
    }
    for system in Self.systems {
      let known = try Self.schedules(system).map(\.name)
      for schedule in Schedule.all where !known.contains(schedule.name) {
        #expect {
          _ = try noise.steps(5, schedule: schedule, for: .euler, in: system)
        } throws: {
          "\($0)".hasPrefix("schedule is \(schedule.name), expected one that a flow model has levels for: ")
        }
      }
    }
  }

  @Test func wrongNumbersAreRefused() {
    for count in [Int.min, -1, 0, 1001, .max] {
      #expect(throws: SamplingError.stepCount(count, trainTimesteps: 1000)) {
        _ = try NoiseDescription.flow(shift: 3).steps(count, schedule: .normal, for: .euler)
      }
    }
    for shift in [0, -1, 1e-9, 1e9, .infinity, .nan] {
      #expect(throws: SamplingError.self) { _ = try NoiseDescription.flow(shift: shift).range }
      #expect(throws: SamplingError.self) {
        _ = try NoiseDescription.flow(shift: shift).steps(4, schedule: .normal, for: .euler)
      }
    }
  }

  /// The same questions to a model with a training table.
  @Test func diffusion() throws {
    var settings = ScheduleSettings()
    settings.spacing = nil
    let (noise, training) = (NoiseDescription.diffusion(settings), try TrainingNoise(settings))
    #expect(noise.ownSchedule(for: .ddim).name == "leading")
    #expect(noise.ownSchedule(for: .euler).name == "linspace")
    #expect(try noise.range == training.sigmas[0]...training.sigmas[999])
    let list = try noise.steps(10, schedule: .karras, for: .euler)
    settings.spacing = .linspace
    let same = try Schedule.karras.steps(10, of: TrainingNoise(settings), for: .euler)
    #expect(list.steps == same.steps && list.initialScale == same.initialScale)
    let fine = try noise.fineSteps(100, for: .unipc, in: .diffusers)
    #expect(fine.steps.count == 100 && fine.initialScale == 1 && fine.levels.space == .variancePreserving)
    #expect(abs(fine.steps[0].from.ratio - training.sigmas[999]) < 1e-9)
    #expect(abs(fine.steps[99].from.ratio - training.sigmas[0]) < 1e-12)
    #expect(fine.steps[99].to.sigma == 0)
    settings.betaEnd = 2
    #expect(throws: SamplingError.self) { _ = try NoiseDescription.diffusion(settings).range }
  }
}
