import Glibc

extension Sampler {
  /// Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models" (2023),
  /// second order, predicting the clean picture, with B(h) = expm1(-h) (`bh2`, diffusers' default): each new estimate
  /// first corrects the step that led to it. The order falls to 1 at the last step.
  package static let unipc = Sampler(
    name: "unipc", title: "UniPC",
    names: [.diffusers: ["UniPCMultistepScheduler"]],
    levels: .solver(spacing: nil, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil
  ) { x, run in
    var history = CleanHistory(like: x)
    var last: (x: Latents, step: Step, order: Int)?
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      if let last { x = corrected(last.x, last.step, last.order, history) }
      let order = min(2, run.steps.count - index, index + 1)
      last = (x, step, order)
      let h = to.lambda - from.lambda
      x.move(from: from, to: to, clean: history[0])
      if order == 2 { history.addSecondOrder(to: &x, at: to, h, factor: -0.5 * expm1(-h)) }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// The last step again, with the estimate at its end (the newest of `history`).
  private static func corrected(
    _ start: Latents, _ step: Step, _ order: Int, _ history: CleanHistory
  ) -> Latents {
    let (from, to) = (step.from, step.to)
    let h = to.lambda - from.lambda
    let (new, base) = (history[0], history[1])
    var x = start
    x.move(from: from, to: to, clean: base)
    let scale = -to.alpha * expm1(-h)
    guard order == 2 else {
      x.combine(1, adding: scale / 2, of: new)
      x.combine(1, adding: -scale / 2, of: base)
      return x
    }
    // Equation 3.3 for two differences: weights w of sum b₁ with r w₁ + w₂ = b₂, r the older level's place.
    let phi = expm1(-h) / -h - 1
    let first = phi / expm1(-h)
    let second = 2 * (phi / -h - 0.5) / expm1(-h)
    let r = history.lambdaStep(from: 1, to: 2) / h
    let older = (first - second) / (1 - r)
    let newer = first - older
    x.combine(1, adding: scale * newer, of: new)
    x.combine(1, adding: -scale * (newer + older / r), of: base)
    x.combine(1, adding: scale * older / r, of: history[2])
    return x
  }
}
