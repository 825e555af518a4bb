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

  /// Names mean something in their own system alone.
  @Test func systemsKeepTheirNames() throws {
    #expect(try NameSystem.comfyui.sampler("dpm_2").sampler.name == "dpm2")
    #expect(try NameSystem.stability.sampler("K_LMS").sampler.name == "lms")
    #expect(try NameSystem.stability.sampler("SAMPLER_K_DPMPP_SDE").sampler.name == "dpmpp_sde")
    #expect(throws: SamplingError.self) { _ = try NameSystem.stability.sampler("SAMPLER_SAMPLER_") }
    #expect(try NameSystem.a1111.schedule("DDIM").name == "ddim_uniform")
    #expect(throws: SamplingError.self) { _ = try NameSystem.comfyui.sampler("DPM2 a") }
    #expect(throws: SamplingError.self) { _ = try NameSystem.stability.sampler("euler") }
    #expect(throws: SamplingError.self) { _ = try NameSystem.a1111.schedule("trailing") }
  }

  /// Every pair of a system's sampler and schedule gives a list.
  @Test(arguments: [NameSystem.diffusers, .a1111, .comfyui]) func everyPairHasSteps(_ system: NameSystem)
    throws
  {
    let training = try TrainingNoise(ScheduleSettings())
    for sampler in Sampler.all where system == .diffusers || sampler.names[system] != nil {
      for schedule in Schedule.all where system == .diffusers || schedule.names[system] != nil {
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
    } catch SamplingError.unknownName("sampler", name, let near, let all) {
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
