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

  /// The spacing that diffusers' class has if the model does not say one.
  var usualSpacing: TimestepSpacing {
    switch self {
    case .table, .listed, .distilled: .leading
    case .sigmas, .midpoints, .solver: .linspace
    }
  }
}

/// How A1111's web UI chooses the noise levels of a sampler.
enum WebUILevels: Sendable {
  /// The schedule's sigmas, as in k-diffusion.
  case sigmas
  /// Every (T div N)-th timestep, whatever the schedule; latents keep their variance.
  case timesteps
  /// Even in time, with levels between the timesteps, whatever the schedule; latents keep their variance.
  case times
}

extension Sampler {
  /// Where this sampler's noise on the way comes from. diffusers draws that of its DPM-Solvers from the generator.
  package func stepNoise(in system: NameSystem) -> StepNoise {
    if system.followsDiffusers, case .solver = levels { return .generator }
    return stepNoise
  }

  /// Whether it can step through sigmas that the model asks for.
  var takesSigmas: Bool {
    switch levels {
    case .sigmas, .midpoints, .solver: !knowsTimestepsAlone
    case .table, .listed, .distilled: false
    }
  }

  /// The space of its latents.
  package func space(in system: NameSystem) -> NoiseSpace {
    switch system {
    case .a1111: webUILevels == .sigmas ? .varianceExploding : .variancePreserving
    case .comfyui: .varianceExploding
    case .diffusers, .stability: levels.space
    }
  }

  /// Whether the system leaves out the last sigma before 0 of one more step.
  func dropsLastSigma(in system: NameSystem) -> Bool {
    levels == .midpoints || droppingLastSigma.contains(system)
  }
}
