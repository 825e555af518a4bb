extension Sampler {
  /// Zheng et al., "Trajectory Consistency Distillation" (2024), algorithm 4: every step goes along the estimate
  /// below the next timestep, to (1 - gamma) of it, then adds noise up to it. Gamma is the request's eta, 0 if it says
  /// nothing, as in diffusers' pipeline. For models that were distilled for it.
  package static let tcd = Sampler(
    name: "tcd", title: "TCD", names: [.diffusers: ["TCDScheduler"]],
    levels: .distilled(endsClean: false), limit: .none, callsPerStep: 1, defaultEta: 0
  ) { x, run in
    var clean = Latents(zerosLike: x)
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      let below = run.levels.level(timestep: Int(((1 - run.eta) * to.timestep).rounded(.down)))
      x.move(from: from, to: below, clean: clean)
      if run.eta > 0, index < run.steps.count - 1 {
        let kept = to.alpha / below.alpha
        x.scale(by: kept)
        run.addNoise(max(1 - kept * kept, 0).squareRoot(), to: &x, from: from, to: to)
      }
      try run.finish(&x, at: to, step: index)
    }
  }
}
