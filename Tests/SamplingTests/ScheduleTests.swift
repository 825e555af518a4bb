import Sampling
import Testing

@Suite struct ScheduleTests {
  @Test func tablesFollowDiffusers() throws {
    let goldens = try Goldens.read("tables", as: Goldens.Tables.self)
    #expect(goldens.alphas.count == 4)
    for (name, golden) in goldens.alphas {
      var settings = ScheduleSettings()
      settings.rescaleZeroSNR = name == "scaled_linear_zero_snr"
      settings.betaSchedule = try #require(.init(rawValue: settings.rescaleZeroSNR ? "scaled_linear" : name))
      if settings.betaSchedule == .linear { (settings.betaStart, settings.betaEnd) = (0.0001, 0.02) }
      let table = try TrainingNoise(settings).alphaBars
      for (timestep, alphaBar) in golden {
        // diffusers multiplies in float32; the rescaled end is a difference of nearly equal roots there.
        let mine = table[try #require(Int(timestep))]
        #expect(abs(mine - alphaBar) <= 2e-6 * alphaBar + 1e-9, "\(name) \(timestep): \(mine)")
      }
    }
  }

  @Test func valuesInDoublePrecision() throws {
    let training = try TrainingNoise(ScheduleSettings())
    #expect(training.alphaBars[0] == 1 - 0.00085)
    #expect(abs(training.alphaBars[999] - 0.004660098513077238) < 1e-15)
    #expect(abs(training.sigmas[999] - 14.614641229333639) < 1e-11)
    #expect(abs(training.timestep(ofSigma: 0.5) - 169.31475) < 1e-3)
    #expect(abs(training.timestep(ofSigma: 10) - 933.50675) < 1e-3)
    #expect(training.timestep(ofSigma: 20) == 999)
    #expect(training.timestep(ofSigma: 0.02) == 0)
    #expect(training.timestep(ofSigma: 0) == 0)
  }

  /// Every number of steps from 1 to 1000, against checksums of diffusers' timesteps.
  @Test(arguments: TimestepSpacing.allCases) func timestepsForEveryCount(_ spacing: TimestepSpacing) throws {
    let goldens = try Goldens.read("tables", as: Goldens.Tables.self)
    let checksums = try #require(goldens.checksums[spacing.rawValue])
    var settings = ScheduleSettings()
    settings.stepsOffset = 0
    let training = try TrainingNoise(settings)
    let schedule = try NameSystem.diffusers.schedule(spacing.rawValue)
    #expect(checksums.count == 1000)
    for (index, checksum) in checksums.enumerated() {
      let list = try schedule.steps(index + 1, of: training, for: .ddim)
      let timesteps = list.steps.map { Int($0.from.timestep) }
      #expect(timesteps.count == index + 1)
      if let checksum {
        let sum = timesteps.enumerated().reduce(0) { $0 + ($1.offset + 1) * $1.element }
        #expect(sum == checksum, "\(index + 1) steps")
      }
      #expect(zip(timesteps, timesteps.dropFirst()).allSatisfy { $0 > $1 })
      #expect(timesteps.allSatisfy { (0..<1000).contains($0) })
    }
  }

  /// DDIM goes to t - T div N, which trailing with 3 steps does not list.
  @Test func ddimStepsBesideTheList() throws {
    let training = try TrainingNoise(ScheduleSettings())
    let list = try Schedule.trailing.steps(3, of: training, for: .ddim)
    #expect(list.steps.map(\.from.timestep) == [999, 666, 332])
    #expect(list.steps.map(\.to.timestep) == [666, 333, 0])
    #expect(list.steps[2].to.alpha == training.alphaBars[0].squareRoot())
    var cleanEnd = ScheduleSettings()
    cleanEnd.setAlphaToOne = true
    let clean = try Schedule.trailing.steps(3, of: TrainingNoise(cleanEnd), for: .ddim)
    #expect(clean.steps[2].to == NoiseLevel(timestep: 0, alpha: 1, sigma: 0))
  }

  @Test func zeroTerminalSNR() throws {
    var settings = ScheduleSettings()
    settings.rescaleZeroSNR = true
    let training = try TrainingNoise(settings)
    let trailing = Schedule.trailing
    let preserving = try trailing.steps(5, of: training, for: .ddim)
    #expect(preserving.steps[0].from == NoiseLevel(timestep: 999, alpha: 0, sigma: 1))
    #expect(throws: SamplingError.noSignal(prediction: "epsilon", timestep: 999)) {
      try Prediction.epsilon.check(preserving.steps)
    }
    try Prediction.velocity.check(preserving.steps)
    // diffusers' Euler takes 2^-24 for the last ᾱ.
    let exploding = try trailing.steps(5, of: training, for: .euler)
    #expect(abs(exploding.steps[0].from.sigma - 4096) < 0.001)
  }

  /// Both spaces describe the same levels where the timesteps are whole.
  @Test(arguments: Schedule.all.filter { $0.name != "ays_sdxl" }.map(\.name)) func spacesAgree(_ name: String)
    throws
  {
    let training = try TrainingNoise(ScheduleSettings())
    let schedule = try NameSystem.diffusers.schedule(name)
    let preserving = try schedule.steps(10, of: training, for: .ddim)
    let exploding = try schedule.steps(10, of: training, for: .euler)
    for (one, other) in zip(preserving.steps, exploding.steps) {
      #expect(abs(one.from.timestep - other.from.timestep) < 1e-9)
      #expect(abs(one.from.sigma / one.from.alpha - other.from.sigma) < 1e-9 * other.from.sigma)
      #expect(abs(one.from.alpha * one.from.alpha + one.from.sigma * one.from.sigma - 1) < 1e-12)
    }
    #expect(abs(preserving.initialScale - 1) < 1e-12)
  }

  @Test func wrongSettingsAreNamed() throws {
    func expectSetting(_ name: String, _ change: (inout ScheduleSettings) -> Void) {
      var settings = ScheduleSettings()
      change(&settings)
      #expect {
        _ = try TrainingNoise(settings)
      } throws: { error in
        guard case .setting(name, _, _) = error as? SamplingError else { return false }
        return "\(error)".hasPrefix("\(name) is ")
      }
    }
    expectSetting("num_train_timesteps") { $0.trainTimesteps = 1 }
    expectSetting("num_train_timesteps") { $0.trainTimesteps = .max }
    expectSetting("beta_start") { $0.betaStart = 0 }
    expectSetting("beta_start") { $0.betaStart = .nan }
    expectSetting("beta_end") { $0.betaEnd = 1 }
    expectSetting("beta_end") {
      $0.betaEnd = 0.9
      $0.betaStart = 0.9
    }
    expectSetting("steps_offset") { $0.stepsOffset = -1 }
    expectSetting("steps_offset") { $0.stepsOffset = .max }
  }

  @Test func wrongStepCountsAreRefused() throws {
    let training = try TrainingNoise(ScheduleSettings())
    for schedule in Schedule.all {
      for count in [0, -1, 1001, .max] {
        #expect(throws: SamplingError.stepCount(count, trainTimesteps: 1000)) {
          _ = try schedule.steps(count, of: training, for: .euler)
        }
      }
    }
    #expect(throws: SamplingError.timestepBeyondTable(1000, last: 999, stepsOffset: 1)) {
      _ = try Schedule.leading.steps(1000, of: training, for: .euler)
    }
  }

  @Test func strengthKeepsTheLastSteps() throws {
    let list = try Schedule.leading.steps(10, of: TrainingNoise(ScheduleSettings()), for: .ddim)
    for (strength, kept) in [(1.0, 10), (0.999, 9), (0.75, 7), (0.3, 3), (0.1, 1)] {
      #expect(try list.kept(strength: strength).steps == Array(list.steps.suffix(kept)))
    }
    #expect(throws: SamplingError.nothingKept(steps: 10, strength: 0.09)) {
      _ = try list.kept(strength: 0.09)
    }
    for wrong in [-0.1, 1.01, Double.nan] {
      #expect(throws: SamplingError.self) { _ = try list.kept(strength: wrong) }
    }
  }
}
