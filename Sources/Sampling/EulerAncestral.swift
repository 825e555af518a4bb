extension Sampler {
  /// Euler's method to a level below the next one, then fresh noise up to it: k-diffusion's
  /// `sample_euler_ancestral`, and diffusers' for eta 1.
  package static let eulerAncestral = Sampler(
    name: "euler_a", title: "Euler a",
    names: [
      .diffusers: ["EulerAncestralDiscreteScheduler"],
      .a1111: ["Euler a", "k_euler_a", "k_euler_ancestral"], .comfyui: ["euler_ancestral"],
      .stability: ["K_EULER_ANCESTRAL"],
    ],
    levels: .sigmas, limit: .path, callsPerStep: 1, defaultEta: 1, knowsTimestepsAlone: true
  ) { x, run in
    var clean = Latents(zerosLike: x)
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      let (down, up) = ancestralSplit(from: from, to: to, eta: run.eta)
      x.move(from: from, to: down, clean: clean)
      run.addNoise(up, to: &x, from: from, to: to)
      try run.finish(&x, at: to, step: index)
    }
  }

  /// The level to step down to, and the noise to add then, in the variance-exploding space:
  /// `down² + up² = to²`. Eta 1 has the variance of the exact posterior, eta 0 adds nothing.
  static func ancestralSplit(
    from: NoiseLevel, to: NoiseLevel, eta: Double
  ) -> (down: NoiseLevel, up: Double) {
    let ratio = to.sigma / from.sigma
    let up = min(to.sigma, eta * to.sigma * max(1 - ratio * ratio, 0).squareRoot())
    var down = to
    down.sigma = (to.sigma * to.sigma - up * up).squareRoot()
    return (down, up)
  }
}
