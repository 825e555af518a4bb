extension Sampler {
  /// Song, Meng and Ermon, "Denoising Diffusion Implicit Models" (2020), equation 12. Eta 0 draws no noise; eta 1
  /// has the variance of DDPM.
  package static let ddim = Sampler(
    name: "ddim", title: "DDIM",
    names: [
      .diffusers: ["DDIMScheduler"], .a1111: ["DDIM"], .comfyui: ["ddim"], .stability: ["DDIM"],
    ],
    levels: .table, webUILevels: .timesteps, limit: .path, callsPerStep: 1, defaultEta: 0, holdsForFlow: true,
    body: { x, run in try denoisingImplicit(&x, &run, eta: run.eta) })

  /// Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models" (2020), algorithm 2 with the posterior's
  /// variance (`fixed_small` of diffusers): DDIM at eta 1.
  package static let ddpm = Sampler(
    name: "ddpm", title: "DDPM",
    names: [.diffusers: ["DDPMScheduler"], .comfyui: ["ddpm"], .stability: ["DDPM"]],
    levels: .listed, limit: .path, callsPerStep: 1, defaultEta: nil, holdsForFlow: true,
    body: { x, run in try denoisingImplicit(&x, &run, eta: 1, limitsNoise: true) })

  /// The same with the noise of one training step as the variance (`fixed_large` of diffusers), which leaves some in the
  /// last picture.
  package static let ddpmWide: Sampler = {
    var sampler = ddpm
    sampler.body = { x, run in
      try denoisingImplicit(&x, &run, eta: 1, limitsNoise: true) { from, to in
        from.timestep > 0 ? max(1 - from.alpha * from.alpha / (to.alpha * to.alpha), 0).squareRoot() : 0
      }
    }
    return sampler
  }()

  /// - Parameters:
  ///   - limitsNoise: whether the noise in x is found after the threshold on the estimate, as diffusers' DDPM has it, and
  ///     not before it, as its DDIM has.
  ///   - deviation: of the noise to add, if it is not what the mean leaves room for.
  private static func denoisingImplicit(
    _ x: inout Latents, _ run: inout SamplingRun, eta: Double, limitsNoise: Bool = false,
    deviation: ((NoiseLevel, NoiseLevel) -> Double)? = nil
  ) throws {
    var clean = Latents(zerosLike: x)
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      let spread = eta * posteriorDeviation(from, to)
      // The noise in x is (x - alpha * clean) / sigma, of which sqrt(sigma'² - spread²) stays.
      let kept = max(to.sigma * to.sigma - spread * spread, 0).squareRoot() / from.sigma
      if run.hasThreshold, !limitsNoise {
        try run.estimateUnlimited(&clean, in: x, at: from)
        x.combine(kept, adding: -kept * from.alpha, of: clean)
        run.limit(&clean)
        x.combine(1, adding: to.alpha, of: clean)
      } else {
        try run.estimate(&clean, in: x, at: from)
        x.combine(kept, adding: to.alpha - kept * from.alpha, of: clean)
      }
      if eta > 0 { run.addNoise(deviation?(from, to) ?? spread, to: &x, from: from, to: to) }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// Standard deviation of x at `to`, given x at `from` and the clean picture: equation 16 with eta 1, written so that
  /// it holds in every space.
  private static func posteriorDeviation(_ from: NoiseLevel, _ to: NoiseLevel) -> Double {
    let ratio = to.ratio / from.ratio
    return to.sigma * max(1 - ratio * ratio, 0).squareRoot()
  }
}
