import Glibc

extension Sampler {
  /// Zhang and Chen, "Fast Sampling of Diffusion Models with Exponential Integrator" (2022), second order: the noise
  /// is taken as linear in ln rho (rho = sigma / alpha) between the last two estimates, and integrated over rho.
  /// diffusers' `DEISMultistepScheduler`, whose list ends at the training's first noise.
  package static let deis = Sampler(
    name: "deis", title: "DEIS", names: [.diffusers: ["DEISMultistepScheduler"]],
    levels: .solver(spacing: nil, final: .minimum), limit: .flow, callsPerStep: 1, defaultEta: nil
  ) { x, run in
    var clean = Latents(zerosLike: x)
    var noise = clean
    var last = clean
    let count = run.steps.count
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      swap(&noise, &last)
      try run.estimate(&clean, in: x, at: from)
      noise = x
      noise.combine(1 / from.sigma, adding: -from.alpha / from.sigma, of: clean)
      let isLast = index == count - 1 && (count < fewestForFullOrder || to.sigma == 0)
      if index == 0 || isLast {
        x.move(from: from, to: to, clean: clean)
      } else {
        let (now, before) = (from.ratio, run.steps[index - 1].from.ratio)
        x.combine(
          to.alpha / from.alpha,
          adding: to.alpha * logLinearIntegral(from: now, to: to.ratio, one: now, zero: before), of: noise)
        x.combine(
          1, adding: to.alpha * logLinearIntegral(from: now, to: to.ratio, one: before, zero: now), of: last)
      }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// Integral over rho of the line in ln rho that is 1 at `one` and 0 at `zero`.
  private static func logLinearIntegral(from: Double, to: Double, one: Double, zero: Double) -> Double {
    func primitive(_ rho: Double) -> Double { rho * (log(rho) - log(zero) - 1) / (log(one) - log(zero)) }
    return primitive(to) - primitive(from)
  }
}
