extension Sampler {
  /// Luo et al., "Latent Consistency Models" (2023), algorithm 3: every step jumps to the clean picture and adds
  /// fresh noise for the next level. For models that were distilled for it.
  ///
  /// ComfyUI leaves the consistency function out, but for models that are marked as distilled; A1111 tells the
  /// network the nearest of the 50 timesteps that such models were taught.
  package static let lcm = Sampler(
    name: "lcm", title: "LCM",
    names: [.diffusers: ["LCMScheduler"], .a1111: ["LCM", "k_lcm"], .comfyui: ["lcm"]],
    levels: .distilled(endsClean: true), limit: .none, callsPerStep: 1, defaultEta: nil
  ) { x, run in try jump(&x, &run, timestepScaling: 10) }

  /// The same with another factor on the timestep (`timestep_scaling` of diffusers).
  package static func lcm(timestepScaling: Double) -> Sampler {
    var sampler = lcm
    sampler.body = { x, run in try jump(&x, &run, timestepScaling: timestepScaling) }
    return sampler
  }

  private static func jump(
    _ x: inout Latents, _ run: inout SamplingRun, timestepScaling: Double
  ) throws {
    var clean = Latents(zerosLike: x)
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      let (skip, out) = run.system == .comfyui ? (0, 1) : consistency(at: timestepScaling * from.timestep)
      x.combine(to.alpha * skip, adding: to.alpha * out, of: clean)
      if to.sigma > 0 { run.addNoise(to.sigma, to: &x, from: from, to: to) }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// How much of x and of the estimate the consistency function takes (appendix C): all of x at timestep 0. The data's
  /// deviation of 0.5 is that of diffusers.
  private static func consistency(at scaled: Double) -> (skip: Double, out: Double) {
    let sum = scaled * scaled + 0.25
    return (0.25 / sum, scaled / sum.squareRoot())
  }
}
