extension Sampler {
  /// Euler's method on the probability flow (Karras et al., 2022, algorithm 2 without churn): x moves along
  /// `(x - clean) / sigma`. The same formula holds for flow models, where that is the velocity.
  package static let euler = Sampler(
    name: "euler", title: "Euler",
    names: [
      .diffusers: ["EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"],
      .a1111: ["Euler", "k_euler"], .comfyui: ["euler"], .stability: ["K_EULER"],
    ],
    levels: .sigmas, limit: .flow, callsPerStep: 1, defaultEta: nil, holdsForFlow: true
  ) { x, run in
    var clean = Latents(zerosLike: x)
    for (index, step) in run.steps.enumerated() {
      try run.estimate(&clean, in: x, at: step.from)
      x.move(from: step.from, to: step.to, clean: clean)
      try run.finish(&x, at: step.to, step: index)
    }
  }
}
