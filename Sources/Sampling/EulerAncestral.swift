extension Sampler {
  /// Euler's method to a level below the next one, then fresh noise up to it: k-diffusion's
  /// `sample_euler_ancestral`, and diffusers' for eta 1.
  package static let eulerAncestral = Sampler(
    name: "euler_a", title: "Euler a",
    aliases: [
      "Euler a", "euler_ancestral", "k_euler_a", "k_euler_ancestral", "EulerAncestralDiscreteScheduler",
    ],
    space: .varianceExploding, noiseUse: .always, callsPerStep: 1, defaultEta: 1
  ) { x, steps, noise, eta, denoise, afterStep in
    var clean = Latents(zerosLike: x)
    var fresh = Latents(zerosLike: x)
    for index in steps.indices {
      let (from, to) = (steps[index].from, steps[index].to)
      try denoise(x, from, &clean)
      let (down, up) = ancestralSplit(from: from.sigma, to: to.sigma, eta: eta)
      let kept = down / from.sigma
      x.combine(kept, adding: 1 - kept, of: clean)
      // Drawn also where `up` is 0, so that the generator stands where diffusers' would.
      noise.fill(&fresh)
      x.combine(1, adding: up, of: fresh)
      try afterStep(&x, to, index)
    }
  }

  /// The sigma to step down to, and the noise to add then: `down² + up² = to²`. Eta 1 has the variance of the
  /// exact posterior, eta 0 adds nothing.
  static func ancestralSplit(from: Double, to: Double, eta: Double) -> (down: Double, up: Double) {
    let ratio = to / from
    let up = min(to, eta * to * max(1 - ratio * ratio, 0).squareRoot())
    return ((to * to - up * up).squareRoot(), up)
  }
}
