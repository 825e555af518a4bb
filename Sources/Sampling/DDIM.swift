extension Sampler {
  /// Song, Meng and Ermon, "Denoising Diffusion Implicit Models" (2020), equation 12. Eta 0 draws no noise; eta 1
  /// has the variance of DDPM.
  package static let ddim = Sampler(
    name: "ddim", title: "DDIM", aliases: ["DDIMScheduler"],
    space: .variancePreserving, noiseUse: .withEta, callsPerStep: 1, defaultEta: 0
  ) { x, steps, noise, eta, denoise, afterStep in
    var clean = Latents(zerosLike: x)
    var fresh = Latents(zerosLike: x)
    for index in steps.indices {
      let (from, to) = (steps[index].from, steps[index].to)
      try denoise(x, from, &clean)
      let spread = eta * posteriorDeviation(from, to)
      // The noise in x is (x - alpha * clean) / sigma, of which sqrt(sigma'² - spread²) stays.
      let kept = max(to.sigma * to.sigma - spread * spread, 0).squareRoot() / from.sigma
      x.combine(kept, adding: to.alpha - kept * from.alpha, of: clean)
      if eta > 0 {
        noise.fill(&fresh)
        x.combine(1, adding: spread, of: fresh)
      }
      try afterStep(&x, to, index)
    }
  }

  /// Standard deviation of x at `to`, given x at `from` and the clean picture: equation 16 with eta 1.
  private static func posteriorDeviation(_ from: NoiseLevel, _ to: NoiseLevel) -> Double {
    let ratio = from.alpha / to.alpha
    return to.sigma / from.sigma * max(1 - ratio * ratio, 0).squareRoot()
  }
}
