import Sampling
import Testing

@Suite struct NameTests {
  /// In no system does one name, whatever its capitals, stand for two things.
  @Test(arguments: NameSystem.allCases) func namesAreUnique(_ system: NameSystem) {
    for entries in [Sampler.all.map { $0 as any Named }, Schedule.all.map { $0 as any Named }] {
      let names = entries.flatMap { system == .diffusers ? [$0.name] + $0.aliases : $0.names[system] ?? [] }
      #expect(Set(names.map { $0.lowercased() }).count == names.count, "\(names)")
    }
  }

  @Test(arguments: [
    ("Euler", "euler"), ("k_euler", "euler"), ("K_EULER", "euler"), ("EulerDiscreteScheduler", "euler"),
    ("FlowMatchEulerDiscreteScheduler", "euler"), ("Euler a", "euler_a"), ("euler_ancestral", "euler_a"),
    ("K_EULER_ANCESTRAL", "euler_a"), ("EulerAncestralDiscreteScheduler", "euler_a"), ("DDIM", "ddim"),
    ("DDIMScheduler", "ddim"), ("DDPM", "ddpm"), ("PLMS", "pndm"), ("PNDMScheduler", "pndm"),
    ("K_HEUN", "heun"),
    ("K_DPM_2", "dpm2"), ("DPM2 a", "dpm2_a"), ("dpm_2_ancestral", "dpm2_a"), ("K_LMS", "lms"),
    ("DPM++ 2M", "dpmpp_2m"), ("K_DPMPP_2M", "dpmpp_2m"), ("DPMSolverMultistepScheduler", "dpmpp_2m"),
    ("DPM++ 2S a", "dpmpp_2s_a"), ("K_DPMPP_2S_ANCESTRAL", "dpmpp_2s_a"), ("DPM++ SDE", "dpmpp_sde"),
    ("DPMSolverSinglestepScheduler", "dpmpp_2s"), ("DPM++ 2M SDE", "dpmpp_2m_sde"),
    ("DPM++ 2M SDE Heun", "dpmpp_2m_sde_heun"), ("DPM++ 3M SDE", "dpmpp_3m_sde"), ("DPM fast", "dpm_fast"),
    ("DPM adaptive", "dpm_adaptive"), ("Restart", "restart"), ("UniPCMultistepScheduler", "unipc"),
    ("DEISMultistepScheduler", "deis"), ("LCMScheduler", "lcm"), ("TCDScheduler", "tcd"),
    ("UniPC", "unipc"), ("uni_pc", "unipc"), ("uni_pc_bh2", "unipc_bh2"), ("k_lcm", "lcm"),
  ])
  func aliases(_ alias: String, _ name: String) throws {
    #expect(try NameSystem.diffusers.sampler(alias).sampler.name == name)
  }

  /// Names of a system mean something there alone.
  @Test func systemsKeepTheirNames() throws {
    #expect(try NameSystem.comfyui.sampler("dpm_2").sampler.name == "dpm2")
    #expect(try NameSystem.stability.sampler("K_LMS").sampler.name == "lms")
    #expect(try NameSystem.stability.sampler("SAMPLER_K_DPMPP_SDE").sampler.name == "dpmpp_sde")
    #expect(throws: SamplingError.self) { _ = try NameSystem.stability.sampler("SAMPLER_SAMPLER_") }
    #expect(try NameSystem.a1111.schedule("DDIM").name == "ddim_uniform")
    #expect(throws: SamplingError.self) { _ = try NameSystem.comfyui.sampler("DPM2 a") }
    #expect(throws: SamplingError.self) { _ = try NameSystem.comfyui.schedule("use_karras_sigmas") }
  }

  /// Canonical names hold everywhere, and so do the names that are written down for a system.
  @Test(arguments: NameSystem.allCases) func everySystemKnowsOurNames(_ system: NameSystem) throws {
    for sampler in Sampler.all {
      for name in [sampler.name, sampler.name(in: system), sampler.name.uppercased()]
        + (sampler.names[system] ?? [])
      {
        let found = try system.sampler(name)
        #expect(found.sampler.name == sampler.name && found.schedule == nil, "\(name)")
      }
    }
    for schedule in Schedule.all {
      for name in [schedule.name, schedule.name(in: system)] + (schedule.names[system] ?? []) {
        #expect(try system.schedule(name).name == schedule.name, "\(name)")
      }
    }
  }

  /// A name that is not known is never suggested, and what is suggested is known: every name with a letter more, and
  /// the names of other systems.
  @Test(arguments: NameSystem.allCases) func suggestionsAreAccepted(_ system: NameSystem) {
    let samplers = Sampler.all.flatMap { [$0.name] + $0.aliases }
    let schedules = Schedule.all.flatMap { [$0.name] + $0.aliases }
    func check(_ name: String, find: (String) throws -> Void) {
      do { try find(name) } catch SamplingError.unknownName(_, name, _, let near, let all) {
        #expect(!near.contains(name) && all.allSatisfy { (try? find($0)) != nil })
        for suggestion in near { #expect((try? find(suggestion)) != nil, "\(name): \(suggestion)") }
      } catch { Issue.record("\(error)") }
    }
    for name in samplers + samplers.map({ $0 + "x" }) { check(name) { _ = try system.sampler($0) } }
    for name in schedules + schedules.map({ $0 + "x" }) { check(name) { _ = try system.schedule($0) } }
  }

  @Test func namesOfOtherSystemsSayWhatIsMeant() {
    #expect {
      _ = try NameSystem.comfyui.sampler("DPM++ 2S a")
    } throws: {
      "\($0)" == "no sampler of comfyui is called \"DPM++ 2S a\"; did you mean dpmpp_2s_a?"
    }
    #expect {
      _ = try NameSystem.a1111.schedule("use_karras_sigmas")
    } throws: {
      "\($0)" == "no schedule of a1111 is called \"use_karras_sigmas\"; did you mean karras?"
    }
  }

  /// Spacings of timesteps in systems of k-diffusion are the sigmas of those timesteps, down to the clean picture.
  @Test(arguments: [NameSystem.a1111, .comfyui]) func spacingsInForeignSystems(_ system: NameSystem) throws {
    let training = try TrainingNoise(ScheduleSettings())
    let list = try Schedule.trailing.steps(4, of: training, for: .euler, in: system)
    let wanted = [999, 749, 499, 249].map { training.sigmas[$0] } + [0]
    for (level, sigma) in zip(list.steps.map(\.from) + [list.steps[3].to], wanted) {
      #expect(abs(level.sigma - sigma) < 1e-5)
    }
  }

  /// Every pair of a sampler and a schedule gives a list in every system.
  @Test(arguments: NameSystem.allCases) func everyPairHasSteps(_ system: NameSystem) throws {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Sampler.all {
      for schedule in Schedule.all {
        for count in [1, 2, 10, 50] {
          let list = try schedule.steps(count, of: training, for: sampler, in: system)
          #expect(zip(list.steps, list.steps.dropFirst()).allSatisfy { $0.from.ratio >= $1.from.ratio })
          #expect(list.initialScale > 0 && !list.steps.isEmpty)
        }
      }
    }
  }

  @Test func oldNamesCarryTheirSchedule() throws {
    for (name, sampler, schedule) in [
      ("DPM++ 2M Karras", "dpmpp_2m", "karras"), ("k_dpmpp_2m_ka", "dpmpp_2m", "karras"),
      ("DPM++ 2M SDE Exponential", "dpmpp_2m_sde", "exponential"), ("LMS Karras", "lms", "karras"),
    ] {
      let named = try NameSystem.a1111.sampler(name)
      #expect(named.sampler.name == sampler && named.schedule?.name == schedule)
    }
    #expect(try NameSystem.a1111.sampler("DPM++ 2M").schedule == nil)
    #expect(throws: SamplingError.self) { _ = try NameSystem.a1111.sampler(" Karras") }
    #expect(throws: SamplingError.self) { _ = try NameSystem.a1111.sampler("ÄKarras") }
  }

  @Test func automaticSchedules() throws {
    let settings = ScheduleSettings()
    for (name, schedule) in [
      ("Euler a", "normal"), ("DPM++ 2M", "karras"), ("DPM++ SDE", "karras"), ("DPM++ 2M SDE", "exponential"),
      ("DPM++ 3M SDE", "exponential"), ("DPM++ 2S a", "karras"), ("DPM2", "karras"), ("Restart", "karras"),
      ("Heun", "normal"),
    ] {
      let sampler = try NameSystem.a1111.sampler(name).sampler
      #expect(Schedule.own(of: settings, for: sampler, in: .a1111).name == schedule, "\(name)")
    }
    #expect(Schedule.own(of: settings, for: .dpmpp2M, in: .comfyui).name == "normal")
    #expect(Schedule.own(of: settings, for: .dpmpp2S).name == "linspace")
    for spacing in TimestepSpacing.allCases {
      var settings = ScheduleSettings()
      settings.spacing = spacing
      #expect(Schedule.own(of: settings, for: .euler).name == spacing.rawValue)
    }
  }

  @Test func automaticIsNoScheduleOfItsOwn() {
    #expect(NameSystem.a1111.isAutomatic("Automatic") && !NameSystem.comfyui.isAutomatic("Automatic"))
    #expect(!NameSystem.a1111.isAutomatic("Karras"))
  }

  func near(_ name: String) -> [String]? {
    do {
      _ = try NameSystem.diffusers.sampler(name)
      return nil
    } catch SamplingError.unknownName("sampler", name, .diffusers, let near, let all) {
      return all == Sampler.all.map(\.name) ? near : nil
    } catch { return nil }
  }

  @Test func unknownNamesListTheNearOnes() throws {
    #expect(near("eular") == ["euler"])
    #expect(near("eulera") == ["euler", "euler_a"])
    #expect(near("dimm")?.first == "ddim")
    #expect(near("dpmpp2m") == ["dpmpp_2m", "dpmpp_3m", "dpmpp_2s"])
    #expect(near("karras") == [])
    #expect(near(String(repeating: "é", count: 1_000_000)) == [])
    #expect {
      _ = try NameSystem.diffusers.schedule("karas")
    } throws: {
      "\($0)" == "no schedule is called \"karas\"; did you mean karras?"
    }
    #expect {
      _ = try NameSystem.diffusers.sampler("wxyz")
    } throws: {
      "\($0)".hasPrefix("no sampler is called \"wxyz\"; expected one of ddim, ddpm, pndm, euler, euler_a, ")
    }
  }
}
