extension Sampler {
  /// Euler's method on the probability flow (Karras et al., 2022, algorithm 2 without churn): x moves along
  /// `(x - clean) / sigma`. The same formula holds for flow models, where that is the velocity.
  package static let euler = Sampler(
    name: "euler", title: "Euler", aliases: ["k_euler", "EulerDiscreteScheduler"],
    space: .varianceExploding, noiseUse: .never, callsPerStep: 1, defaultEta: nil
  ) { x, steps, _, _, denoise, afterStep in
    var clean = Latents(zerosLike: x)
    for index in steps.indices {
      let (from, to) = (steps[index].from, steps[index].to)
      try denoise(x, from, &clean)
      let kept = to.sigma / from.sigma
      x.combine(kept, adding: 1 - kept, of: clean)
      try afterStep(&x, to, index)
    }
  }
}
