import Glibc

/// Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models" (2023),
/// multistep, predicting the clean picture: each new estimate first corrects the step that led to it, without asking
/// again. The order rises from 1 and falls to 1 at the last step.
extension Sampler {
  /// In diffusers of second order with B(h) = expm1(-h) ("bh2"), in A1111 and ComfyUI of third order with B(h) = -h
  /// ("bh1"): what each of them does unless it is told otherwise. ComfyUI takes logarithms of all levels, so its lists
  /// end above 0.
  package static let unipc = Sampler(
    name: "unipc", title: "UniPC",
    names: [.diffusers: ["UniPCMultistepScheduler"], .a1111: ["UniPC"], .comfyui: ["uni_pc"]],
    levels: .solver(spacing: nil, final: nil), webUILevels: .times, droppingLastSigma: [.comfyui],
    comfyEnd: 0.001, limit: .flow, callsPerStep: 1, defaultEta: nil, holdsForFlow: true
  ) { x, run in
    if run.system.followsDiffusers {
      try predictAndCorrect(&x, &run, order: 2, width: expm1)
    } else {
      try predictAndCorrect(&x, &run, order: 3) { $0 }
    }
  }

  /// Of third order with B(h) = expm1(-h) (`solver_order` 3 of diffusers).
  package static let unipcBH2 = Sampler(
    name: "unipc_bh2", title: "UniPC bh2", names: [.comfyui: ["uni_pc_bh2"]],
    levels: .solver(spacing: nil, final: nil), droppingLastSigma: [.comfyui], comfyEnd: 0.001, limit: .flow,
    callsPerStep: 1, defaultEta: nil, holdsForFlow: true,
    body: { x, run in try predictAndCorrect(&x, &run, order: 3, width: expm1) })

  /// - Parameter width: B(h) for -h.
  private static func predictAndCorrect(
    _ x: inout Latents, _ run: inout SamplingRun, order: Int, width: (Double) -> Double
  ) throws {
    var history = CleanHistory(like: x, keeping: order + 1)
    var last: (x: Latents, step: Step, order: Int)?
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      if let last, index > run.firstWithSignal {
        x = last.x
        x.move(from: last.step.from, to: last.step.to, clean: history[1])
        addDifferences(to: &x, last.step, history, from: 1, to: Array(2..<last.order + 1) + [0], width)
      }
      let taken = min(order, run.steps.count - index, max(index - run.firstWithSignal, 0) + 1)
      last = (x, step, taken)
      x.move(from: from, to: to, clean: history[0])
      addDifferences(to: &x, step, history, from: 0, to: Array(1..<taken), width)
      try run.finish(&x, at: to, step: index)
    }
  }

  /// Adds to a step of first order, made with one estimate of the history, what the differences to others say.
  private static func addDifferences(
    to x: inout Latents, _ step: Step, _ history: CleanHistory, from base: Int, to others: [Int],
    _ width: (Double) -> Double
  ) {
    guard !others.isEmpty else { return }
    let h = step.to.lambda - step.from.lambda
    let places = others.map { history.lambdaStep(from: base, to: $0) / h }
    // For a single difference the references take 1/2, to which equation 3.3 comes as h becomes small.
    let weights = others.count == 1 ? [0.5] : differenceWeights(places, h, width(-h))
    for (other, (weight, place)) in zip(others, zip(weights, places)) {
      let factor = -step.to.alpha * width(-h) * weight / place
      x.combine(1, adding: factor, of: history[other])
      x.combine(1, adding: -factor, of: history[base])
    }
  }

  /// Equation 3.3: the weights of the differences to estimates at some places (in units of h from the step's start),
  /// such that polynomials up to their number are integrated exactly.
  private static func differenceWeights(_ places: [Double], _ h: Double, _ width: Double) -> [Double] {
    var (phi, factorial) = (expm1(-h) / -h - 1, 1.0)
    var moments: [Double] = []
    for power in places.indices {
      moments.append(phi * factorial / width)
      factorial *= Double(power + 2)
      phi = phi / -h - 1 / factorial
    }
    return vandermondeSolution(places, moments)
  }

  /// The w of `Σ w_j places_j^i = moments_i` for i = 0, 1, …: w_j is Lagrange's polynomial of the place, with powers
  /// replaced by moments.
  static func vandermondeSolution(_ places: [Double], _ moments: [Double]) -> [Double] {
    places.indices.map { own in
      var polynomial = [1.0]
      for (other, place) in places.enumerated() where other != own {
        let shifted = [0] + polynomial
        let scaled = polynomial.map { -place * $0 } + [0]
        polynomial = zip(shifted, scaled).map { ($0 + $1) / (places[own] - place) }
      }
      return zip(polynomial, moments).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}
