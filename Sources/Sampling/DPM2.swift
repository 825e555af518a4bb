extension Sampler {
  /// The midpoint method with the middle taken in ln sigma: DPM-Solver-2 in Karras et al.'s form (2022), as
  /// k-diffusion's `sample_dpm_2`. The step to the clean picture is Euler's.
  package static let dpm2 = Sampler(
    name: "dpm2", title: "DPM2",
    names: [
      .diffusers: ["KDPM2DiscreteScheduler"], .a1111: ["DPM2", "k_dpm_2"], .comfyui: ["dpm_2"],
      .stability: ["K_DPM_2"],
    ],
    levels: .midpoints, webUISchedule: .karras, limit: .flow, callsPerStep: 2, defaultEta: nil,
    holdsForFlow: true
  ) { x, run in
    var stepper = MidpointStep(like: x)
    for (index, step) in run.steps.enumerated() {
      try stepper.take(step.from, step.to, &x, &run)
      try run.finish(&x, at: step.to, step: index)
    }
  }

  /// `dpm2` to a level below the next one, then fresh noise up to it: k-diffusion's `sample_dpm_2_ancestral`.
  package static let dpm2Ancestral = Sampler(
    name: "dpm2_a", title: "DPM2 a",
    names: [
      .diffusers: ["KDPM2AncestralDiscreteScheduler"], .a1111: ["DPM2 a", "k_dpm_2_a"],
      .comfyui: ["dpm_2_ancestral"], .stability: ["K_DPM_2_ANCESTRAL"],
    ],
    levels: .midpoints, webUISchedule: .karras, limit: .path, callsPerStep: 2, defaultEta: 1
  ) { x, run in
    var stepper = MidpointStep(like: x)
    for (index, step) in run.steps.enumerated() {
      let (down, up) = ancestralSplit(from: step.from, to: step.to, eta: run.eta)
      try stepper.take(step.from, down, &x, &run)
      if step.to.sigma > 0 { run.addNoise(up, to: &x, from: step.from, to: step.to) }
      try run.finish(&x, at: step.to, step: index)
    }
  }
}

/// One step of the midpoint method with its buffers.
struct MidpointStep {
  private var clean: Latents
  private var slope: Latents
  private var middle: Latents

  init(like x: Latents) {
    clean = Latents(zerosLike: x)
    (slope, middle) = (clean, clean)
  }

  mutating func take(
    _ from: NoiseLevel, _ to: NoiseLevel, _ x: inout Latents, _ run: inout SamplingRun
  ) throws {
    try run.estimate(&clean, in: x, at: from)
    guard to.sigma > 0 else { return x.move(from: from, to: to, clean: clean) }
    let between = run.levels.level(sigma: (from.sigma * to.sigma).squareRoot())
    slope.setSlope(of: x, clean: clean, sigma: from.sigma)
    middle = x
    middle.combine(1, adding: between.sigma - from.sigma, of: slope)
    try run.estimate(&clean, in: middle, at: between)
    slope.setSlope(of: middle, clean: clean, sigma: between.sigma)
    x.combine(1, adding: to.sigma - from.sigma, of: slope)
  }
}
