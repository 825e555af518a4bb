import Foundation
import Sampling
import Testing

/// Lists of sigmas of every system's schedules, against the system's own functions.
@Suite struct ScheduleGoldenTests {
  struct Entry: Decodable {
    var sigmas: [Double]
    var timesteps: [Double]
    var initial_scale: Double
  }
  struct DiffusersRule: Decodable {
    var sampler: String
    var rule: String
    var timestep_spacing: String
    var lists: [String: Entry]
  }
  struct Table: Decodable {
    struct Published: Decodable {
      var sigmas: [Double]
      var timesteps: [Double]
    }
    var euler_by_sigmas: Published
  }
  struct System: Decodable {
    var lists: [String: [String: [Double]]]
    /// The largest and the least positive sigma for 2, 3, … 50 steps.
    var ends_2_to_50: [String: [[Double]]]
  }
  struct Content: Decodable {
    var diffusers: [String: DiffusersRule]
    var diffusers_align_your_steps: [String: Table]
    var a1111: System
    var comfyui: System
  }

  static func content() throws -> Content { try Goldens.read("schedules") }

  static let diffusersNames = ((try? content())?.diffusers.keys.sorted()) ?? []

  @Test func everyListIsRead() throws {
    #expect(Self.diffusersNames.count == 24)
    #expect(try Self.content().a1111.lists.count == 12)
    #expect(try Self.content().comfyui.lists.count == 9)
  }

  func expectSigmas(_ list: StepList, _ golden: [Double], _ label: String) {
    let mine = [list.steps[0].from.ratio] + list.steps.map(\.to.ratio)
    #expect(mine.count == golden.count, "\(label)")
    // The references' smallest sigma comes from 1 - ᾱ in float32, which is off by 1.3e-5 of it.
    let worst = zip(mine, golden).map { abs($0 - $1) / max($1, 0.5) }.max() ?? .infinity
    #expect(worst < 1e-5, "\(label): \(worst)")
  }

  @Test(arguments: diffusersNames) func diffusers(_ name: String) throws {
    let golden = try #require(Self.content().diffusers[name])
    let sampler = try NameSystem.diffusers.sampler(golden.sampler).sampler
    var settings = ScheduleSettings()
    let spacing = try #require(TimestepSpacing(rawValue: golden.timestep_spacing))
    (settings.spacing, settings.stepsOffset) = (spacing, spacing == .leading ? 1 : 0)
    let training = try TrainingNoise(settings)
    let schedule =
      golden.rule == "spacing"
      ? Schedule.own(of: settings, for: sampler) : try NameSystem.diffusers.schedule(golden.rule)
    for (count, entry) in golden.lists {
      let list = try schedule.steps(try #require(Int(count)), of: training, for: sampler)
      expectSigmas(list, entry.sigmas, count)
      #expect(abs(list.initialScale - entry.initial_scale) < 2e-6 * max(entry.initial_scale, 1), "\(count)")
      let mine = list.steps.map(\.from.timestep)
      // In float32 the largest sigma may fall below its timestep, which is then cut.
      let worst = zip(mine, entry.timesteps).dropFirst().map { abs($0 - $1) }.max() ?? 0
      #expect(worst < 5e-3 && abs(mine[0] - entry.timesteps[0]) <= 1, "\(count): \(worst)")
    }
  }

  @Test func publishedTables() throws {
    let training = try TrainingNoise(ScheduleSettings())
    for (name, schedule) in [
      ("StableDiffusion", Schedule.alignYourSteps), ("StableDiffusionXL", .alignYourStepsSDXL),
    ] {
      let golden = try #require(Self.content().diffusers_align_your_steps[name])
      let list = try schedule.steps(10, of: training, for: .euler)
      expectSigmas(list, golden.euler_by_sigmas.sigmas, name)
      #expect(largestDifference(list.steps.map(\.from.timestep), golden.euler_by_sigmas.timesteps) < 0.02)
    }
  }

  @Test(arguments: [NameSystem.a1111, .comfyui]) func lists(_ system: NameSystem) throws {
    let content = try Self.content()
    let training = try TrainingNoise(ScheduleSettings())
    for (name, lists) in (system == .a1111 ? content.a1111 : content.comfyui).lists {
      let label = system == .a1111 ? Self.labels[name] ?? name : name
      let schedule = name.hasSuffix("sdxl") ? Schedule.alignYourStepsSDXL : try system.schedule(label)
      for (count, golden) in lists {
        let list = try schedule.steps(try #require(Int(count)), of: training, for: .euler, in: system)
        expectSigmas(list, golden, "\(name) \(count)")
        if system == .comfyui {
          #expect(list.steps.allSatisfy { $0.from.timestep == $0.from.timestep.rounded() })
          let first = list.steps[0].from.sigma
          #expect(list.initialScale == (first > 14.6146 ? (first * first + 1).squareRoot() : first))
        }
      }
    }
  }

  /// Six decimals of a float32, of which the goldens have the shortest decimals.
  func rounded(_ sigma: Double) -> Int { Int((Double(Float(sigma)) * 1e6).rounded()) }

  /// Brownian noise is asked for at sigmas of 6 decimals: one more or less is another path.
  @Test(arguments: [NameSystem.a1111, .comfyui]) func brownianEnds(_ system: NameSystem) throws {
    let content = try Self.content()
    let training = try TrainingNoise(ScheduleSettings())
    for (name, ends) in (system == .a1111 ? content.a1111 : content.comfyui).ends_2_to_50 {
      let label = system == .a1111 ? Self.labels[name] ?? name : name
      let schedule = name.hasSuffix("sdxl") ? Schedule.alignYourStepsSDXL : try system.schedule(label)
      #expect(ends.count == 49)
      // The powers of torch's CPU code, by which A1111 takes roots, miss the last digit of a sixth of the table, from
      // whose middle this schedule takes its ends.
      let tolerance = system == .a1111 && name == "ddim" ? 1 : 0
      for (count, golden) in zip(2..., ends) {
        let range = try schedule.steps(count, of: training, for: .dpmppSDE, in: system).noisyRange
        let mine = [rounded(range.upperBound), rounded(range.lowerBound)]
        #expect(
          largestDifference(mine.map(Double.init), golden.map { Double(rounded($0)) }) <= Double(tolerance),
          "\(name) \(count)")
      }
    }
  }

  /// Most sigmas between the ends are the reference's to 6 decimals as well; the others are off by one or two.
  @Test(arguments: [NameSystem.a1111, .comfyui]) func sixDecimals(_ system: NameSystem) throws {
    let content = try Self.content()
    let training = try TrainingNoise(ScheduleSettings())
    var (equal, all) = (0, 0)
    for (name, lists) in (system == .a1111 ? content.a1111 : content.comfyui).lists {
      let label = system == .a1111 ? Self.labels[name] ?? name : name
      let schedule = name.hasSuffix("sdxl") ? Schedule.alignYourStepsSDXL : try system.schedule(label)
      for (count, golden) in lists {
        let list = try schedule.steps(try #require(Int(count)), of: training, for: .euler, in: system)
        let mine = [list.steps[0].from.sigma] + list.steps.map(\.to.sigma)
        let distances = zip(mine, golden).map { abs(rounded($0) - rounded($1)) }
        equal += distances.count { $0 == 0 }
        all += distances.count
        #expect(distances.allSatisfy { $0 <= 2 }, "\(name) \(count)")
      }
    }
    #expect(equal * 100 > all * 95, "\(equal) of \(all)")
  }

  static let labels = [
    "sgm_uniform": "SGM Uniform", "kl_optimal": "KL Optimal", "align_your_steps": "Align Your Steps",
    "align_your_steps_sd1": "Align Your Steps",
  ]
}
