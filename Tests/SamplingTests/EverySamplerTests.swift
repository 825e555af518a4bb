import Foundation
import Sampling
import Testing

/// What holds for every sampler of a system on every schedule of it, with any number of steps.
@Suite struct EverySamplerTests {
  static let systems = [NameSystem.diffusers, .a1111, .comfyui]

  static func samplers(_ system: NameSystem) -> [Sampler] {
    Sampler.all.filter { system == .diffusers || $0.names[system] != nil }
  }

  static func schedules(_ system: NameSystem) -> [Schedule] {
    Schedule.all.filter { system == .diffusers || $0.names[system] != nil }
  }

  /// The toy network from a seed; `change` may spoil what it says.
  @discardableResult
  static func run(
    _ sampler: Sampler, _ list: StepList, in system: NameSystem, batch: Range<Int> = 0..<1, of count: Int = 1,
    prediction: Prediction = .epsilon, change: (Int, inout Latents) -> Void = { _, _ in }
  ) throws -> (x: Latents, calls: Int) {
    let rule = NoiseRule(steps: sampler.stepNoise(in: system))
    var noise = rule.source(seed: 3, pictures: batch, of: count, path: list.noisyRange)
    var x = Latents(batch: batch.count, channels: 4, height: 2, width: 2)
    noise.fill(&x)
    x.scale(by: list.initialScale)
    var calls = 0
    let counted = try sampler.sample(
      &x, steps: list, noise: &noise, options: SamplerOptions(system: system),
      denoise: { x, level, clean in
        let scale = prediction.inputScale(at: level)
        let output = x.values.enumerated().map { index, value in
          Float(0.7 * scale * value + 0.1 * sin(Double(index % 16)) + 0.2 * level.timestep / 1000)
        }
        output.withUnsafeBufferPointer { prediction.makeClean(&clean, output: $0, from: x, at: level) }
        change(calls, &clean)
        calls += 1
      })
    #expect(calls == counted)
    return (x, calls)
  }

  /// `callsPerStep`, and what the samplers' documentation says beside it.
  static func expectedCalls(_ sampler: Sampler, _ list: StepList) -> ClosedRange<Int> {
    let steps = list.steps.count
    // None where the list begins at the least noise.
    if sampler.isAdaptive { return 0...300 }
    if sampler.name == "pndm" { return steps...steps + 1 }
    // Where 0 is the nearest to what it goes back from, it comes to 0 up to three times.
    if sampler.name == "restart", steps >= 20 { return steps * 2 - 3...steps * 2 - 1 }
    return (steps - 1) * sampler.callsPerStep + 1...steps * sampler.callsPerStep
  }

  @Test(arguments: systems) func resultsAreFinite(_ system: NameSystem) throws {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Self.samplers(system) {
      for schedule in Self.schedules(system) {
        for count in [1, 2, 3, 5, 10, 25, 50] {
          let list = try schedule.steps(count, of: training, for: sampler, in: system)
          let label = "\(sampler.name) \(schedule.name) \(count)"
          #expect(Self.isUsable(list), "\(label)")
          for prediction in [Prediction.epsilon, .velocity] {
            try prediction.check(list.steps)
            let (x, calls) = try Self.run(sampler, list, in: system, prediction: prediction)
            let statistics = x.statistics
            #expect(statistics.nonFinite == 0, "\(label)")
            #expect(max(-statistics.minimum, statistics.maximum) < 200, "\(label): \(statistics)")
            #expect(Self.expectedCalls(sampler, list).contains(calls), "\(label): \(calls)")
          }
        }
      }
    }
  }

  /// Whether the steps go from noisy to clean, and tell timesteps of the table.
  static func isUsable(_ list: StepList) -> Bool {
    list.steps.allSatisfy { step in
      let (from, to) = (step.from, step.to)
      return from.sigma > 0 && from.alpha > 0 && to.alpha > 0 && from.ratio.isFinite && from.ratio >= to.ratio
        && to.ratio >= 0 && (0...999).contains(from.timestep) && (0...999).contains(to.timestep)
    } && zip(list.steps, list.steps.dropFirst()).allSatisfy { $0.from.ratio > $1.from.ratio }
  }

  /// Zero terminal SNR with velocity: pictures, or an error that says why not.
  @Test(arguments: systems) func zeroTerminalSNR(_ system: NameSystem) throws {
    var settings = ScheduleSettings()
    settings.rescaleZeroSNR = true
    let training = try TrainingNoise(settings)
    for sampler in Self.samplers(system) {
      for schedule in Self.schedules(system) {
        for count in [1, 2, 3, 10, 30] {
          let label = "\(sampler.name) \(schedule.name) \(count)"
          do {
            let list = try schedule.steps(count, of: training, for: sampler, in: system)
            try Prediction.velocity.check(list.steps)
            let (x, _) = try Self.run(sampler, list, in: system, prediction: .velocity)
            #expect(x.statistics.nonFinite == 0, "\(label)")
          } catch SamplingError.setting("sampler", "pndm", _) {
            #expect(sampler.name == "pndm")
          }
        }
      }
    }
  }

  /// Tables of other lengths: pictures, or an error that says why not.
  @Test(arguments: systems, [2, 3, 49, 100]) func otherTables(_ system: NameSystem, _ length: Int) throws {
    var settings = ScheduleSettings()
    (settings.trainTimesteps, settings.betaEnd) = (length, 0.1)
    let training = try TrainingNoise(settings)
    for sampler in Self.samplers(system) {
      for schedule in Self.schedules(system) {
        for count in [1, 2, length] {
          guard let list = try? schedule.steps(count, of: training, for: sampler, in: system) else {
            continue
          }
          let (x, _) = try Self.run(sampler, list, in: system)
          #expect(x.statistics.nonFinite == 0, "\(sampler.name) \(schedule.name) \(count) of \(length)")
        }
      }
    }
  }

  /// As many steps as timesteps, which some schedules cannot all tell apart.
  @Test(arguments: systems) func mostSteps(_ system: NameSystem) throws {
    var settings = ScheduleSettings()
    settings.spacing = .trailing
    let training = try TrainingNoise(settings)
    for sampler in [Sampler.dpmpp2M, .dpmpp2S, .unipc, .deis, .lms]
    where Self.samplers(system).contains(where: { $0.name == sampler.name }) {
      for schedule in Self.schedules(system) where schedule.name != "leading" {
        for count in [999, 1000] {
          let list = try schedule.steps(count, of: training, for: sampler, in: system)
          #expect(Self.isUsable(list), "\(sampler.name) \(schedule.name) \(count)")
        }
      }
    }
  }

  /// What the network says that is no number is still seen in the result, and nothing hangs.
  @Test(arguments: systems, [Double.nan, .infinity, -.infinity])
  func nonFiniteValuesTravel(_ system: NameSystem, _ value: Double) throws {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Self.samplers(system) {
      let list = try Schedule.karras.steps(10, of: training, for: sampler, in: system)
      let last = try Self.run(sampler, list, in: system).calls - 1
      for spoiled in [0, last / 2, last] {
        let spoil = { (call: Int, clean: inout Latents) in
          if call == spoiled { clean.values[5] = value }
        }
        if sampler.isAdaptive {
          #expect(throws: SamplingError.self) { try Self.run(sampler, list, in: system, change: spoil) }
        } else {
          let x = try Self.run(sampler, list, in: system, change: spoil).x
          #expect(!x.values[5].isFinite, "\(sampler.name) \(spoiled)")
          #expect(x.statistics.nonFinite == 1, "\(sampler.name) \(spoiled)")
        }
      }
    }
  }

  /// A network whose answer jumps however small the step is: no width is small enough.
  @Test func adaptiveStepsEnd() throws {
    let training = try TrainingNoise(ScheduleSettings())
    let list = try Schedule.normal.steps(10, of: training, for: .dpmAdaptive)
    #expect {
      try Self.run(.dpmAdaptive, list, in: .diffusers) { call, clean in
        for index in clean.values.indices { clean.values[index] = call % 3 == 0 ? 1e6 : -1e6 }
      }
    } throws: {
      "\($0)".hasPrefix("dpm_adaptive finds no step that is small enough at timestep ")
    }
  }

  @Test(arguments: systems) func shortenedLists(_ system: NameSystem) throws {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Self.samplers(system) {
      for schedule in Self.schedules(system) {
        for (count, strength) in [(10, 0.3), (10, 0.12), (20, 0.75), (25, 0.99)] {
          let list = try schedule.steps(count, of: training, for: sampler, in: system).kept(
            strength: strength)
          let (x, calls) = try Self.run(sampler, list, in: system)
          let label = "\(sampler.name) \(schedule.name) \(count) \(strength)"
          #expect(x.statistics.nonFinite == 0, "\(label)")
          #expect(Self.expectedCalls(sampler, list).contains(calls), "\(label): \(calls)")
        }
      }
    }
  }

  @Test(arguments: systems) func batchesAreTheirPictures(_ system: NameSystem) throws {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Self.samplers(system) where !sampler.isAdaptive {
      for schedule in Self.schedules(system) {
        let list = try schedule.steps(21, of: training, for: sampler, in: system)
        let together = try Self.run(sampler, list, in: system, batch: 0..<3, of: 3).x
        for picture in 0..<3 {
          let alone = try Self.run(sampler, list, in: system, batch: picture..<picture + 1, of: 3).x
          #expect(together.picture(picture) == alone, "\(sampler.name) \(schedule.name)")
        }
      }
    }
  }
}
