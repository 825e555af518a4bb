extension Sampler {
  /// Heun's method on the probability flow: an Euler step, then the mean of the slopes at both ends
  /// (Karras et al., 2022, algorithm 1). The step to the clean picture is Euler's.
  package static let heun = Sampler(
    name: "heun", title: "Heun",
    names: [
      .diffusers: ["HeunDiscreteScheduler"], .a1111: ["Heun", "k_heun"], .comfyui: ["heun"],
      .stability: ["K_HEUN"],
    ],
    levels: .sigmas, limit: .flow, callsPerStep: 2, defaultEta: nil, holdsForFlow: true
  ) { x, run in
    var stepper = HeunStep(like: x)
    for (index, step) in run.steps.enumerated() {
      try stepper.take(step.from, step.to, &x, &run)
      try run.finish(&x, at: step.to, step: index)
    }
  }
}

/// One step of Heun's method with its buffers.
struct HeunStep {
  private var clean: Latents
  private var slope: Latents
  private var secondSlope: Latents
  private var ahead: Latents

  init(like x: Latents) {
    clean = Latents(zerosLike: x)
    (slope, secondSlope, ahead) = (clean, clean, clean)
  }

  mutating func take(
    _ from: NoiseLevel, _ to: NoiseLevel, _ x: inout Latents, _ run: inout SamplingRun
  ) throws {
    try run.estimate(&clean, in: x, at: from)
    guard to.sigma > 0 else { return x.move(from: from, to: to, clean: clean) }
    let width = to.sigma - from.sigma
    slope.setSlope(of: x, clean: clean, sigma: from.sigma)
    ahead = x
    ahead.combine(1, adding: width, of: slope)
    try run.estimate(&clean, in: ahead, at: to)
    secondSlope.setSlope(of: ahead, clean: clean, sigma: to.sigma)
    x.combine(1, adding: width / 2, of: slope)
    x.combine(1, adding: width / 2, of: secondSlope)
  }
}
