extension Sampler {
  /// Liu et al., "Pseudo Numerical Methods for Diffusion Models" (2022), without the Runge-Kutta start
  /// (`skip_prk_steps` of diffusers; PLMS of the original Stable Diffusion): DDIM's step with the noise
  /// extrapolated from up to four estimates by Adams and Bashforth's weights for even steps.
  ///
  /// The first step is taken twice, the second time with the mean of the noise at both ends. For models that predict
  /// v, the noise is extrapolated as well, as A1111 does; diffusers mixes the v of different levels.
  package static let pndm = Sampler(
    name: "pndm", title: "PLMS",
    names: [.diffusers: ["PNDMScheduler"], .a1111: ["PLMS"]],
    levels: .table, webUILevels: .timesteps, limit: .flow, callsPerStep: 1, defaultEta: nil, fewestSteps: 4
  ) { x, run in
    guard run.steps[0].from.alpha > 0 else {
      throw SamplingError.setting(
        name: "sampler", value: "pndm",
        expected: "another one for a model that starts at pure noise (rescale_betas_zero_snr): "
          + "what pndm extrapolates, the noise, says nothing there")
    }
    var clean = Latents(zerosLike: x)
    // Estimates of the noise, newest first.
    var noises: [Latents] = []
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      noises.insert(Latents(noiseIn: x, at: from, clean: clean), at: 0)
      if noises.count > 4 { noises.removeLast() }
      // diffusers takes a single step once: where that ends the network was never asked.
      if index == 0, run.steps.count > 1 || to.timestep > 0 {
        var ahead = x
        ahead.moveByNoise(noises, [1], from, to)
        try run.estimate(&clean, in: ahead, at: to)
        x.moveByNoise([noises[0], Latents(noiseIn: ahead, at: to, clean: clean)], [0.5, 0.5], from, to)
      } else {
        x.moveByNoise(noises, adamsBashforth[noises.count - 1], from, to)
      }
      try run.finish(&x, at: to, step: index)
    }
  }

  private static let adamsBashforth: [[Double]] = [
    [1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24],
  ]
}

extension Latents {
  fileprivate init(noiseIn x: Latents, at level: NoiseLevel, clean: Latents) {
    self.init(zerosLike: x)
    setNoise(in: x, at: level, clean: clean)
  }

  /// DDIM's step for a weighted sum of estimates of the noise.
  fileprivate mutating func moveByNoise(
    _ noises: [Latents], _ weights: [Double], _ from: NoiseLevel, _ to: NoiseLevel
  ) {
    let kept = to.alpha / from.alpha
    scale(by: kept)
    for (noise, weight) in zip(noises, weights) {
      combine(1, adding: weight * (to.sigma - kept * from.sigma), of: noise)
    }
  }
}
