/// How diffusers chooses the noise levels of a sampler, and how it scales its latents.
package enum LevelRule: Sendable, Equatable {
  /// Entries of the training table; a step goes to `t - T div N`, listed or not (DDIM, PNDM). The last one ends
  /// at timestep 0, or at the clean picture if the model says so (`set_alpha_to_one`).
  case table
  /// The same, but a step goes to the next listed entry, the last one to the clean picture (DDPM).
  case listed
  /// Sigmas at possibly fractional timesteps (Euler and its family).
  case sigmas
  /// The same, with whole timesteps for Karras' sigmas, though not between them (DPM2).
  case midpoints
  /// Whole timesteps, chosen as if there were one more (DPM-Solver, UniPC, DEIS). A spacing or a final sigma that is
  /// set is used whatever the model says.
  case solver(spacing: TimestepSpacing?, final: ScheduleSettings.FinalSigma?)
  /// The timesteps that a distilled model was taught (LCM, TCD).
  case distilled(endsClean: Bool)

  /// The space of its latents in diffusers.
  var space: NoiseSpace {
    switch self {
    case .sigmas, .midpoints: .varianceExploding
    case .table, .listed, .solver, .distilled: .variancePreserving
    }
  }
}

extension Sampler {
  /// Where this sampler's noise on the way comes from. diffusers draws that of its DPM-Solvers from the generator.
  package func stepNoise(in system: NameSystem) -> StepNoise {
    if system.followsDiffusers, case .solver = levels { return .generator }
    return stepNoise
  }

  /// The space of its latents.
  package func space(in system: NameSystem) -> NoiseSpace {
    switch (system, levels) {
    case (.a1111, .table): .variancePreserving
    case (.a1111, .solver) where name == Sampler.unipc.name: .variancePreserving
    case (.a1111, _), (.comfyui, _): .varianceExploding
    default: levels.space
    }
  }

  /// Whether the system leaves out the last sigma before 0 of one more step ("discard penultimate").
  func dropsLastSigma(in system: NameSystem) -> Bool {
    if levels == .midpoints { return true }
    switch system {
    case .a1111: return name == Sampler.dpmpp3MSDE.name
    case .comfyui: return isUniPC
    case .diffusers, .stability: return false
    }
  }

  var isUniPC: Bool { name == Sampler.unipc.name || name == Sampler.unipcBH2.name }

  /// The spacing that diffusers' class has if the model does not say one.
  package var usualSpacing: TimestepSpacing {
    switch levels {
    case .table, .listed, .distilled: .leading
    case .sigmas, .midpoints, .solver: .linspace
    }
  }

  /// What A1111 means by the schedule "Automatic".
  var usualSchedule: Schedule {
    if limit == .path, stepNoise == .brownian { return callsPerStep == 1 ? .exponential : .karras }
    let karras: [Sampler] = [.dpmpp2M, .dpmpp2SAncestral, .dpm2, .dpm2Ancestral, .restart]
    return karras.contains { $0.name == name } ? .karras : .normal
  }
}
