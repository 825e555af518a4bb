import Glibc

/// Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models" (2023),
/// multistep, predicting the clean picture: each new estimate first corrects the step that led to it, without asking
/// again. The order rises from 1 and falls to 1 at the last step.
package struct UniPCSolver: Sendable, Equatable {
  /// `solver_type`: B(h) of the paper.
  package enum Width: String, Sendable, CaseIterable {
    case plain = "bh1"
    case exponential = "bh2"

    /// B for ∓h.
    func factor(_ exponent: Double) -> Double { self == .plain ? exponent : expm1(exponent) }
  }

  /// `predict_x0` false: whether estimates of the noise are integrated instead of those of the clean picture.
  package var integratesNoise = false
  /// `solver_order`.
  package var order = 2
  package var width = Width.exponential
  /// `lower_order_final`: whether the order falls to 1 towards the end.
  package var lowersOrderAtEnd = true
  /// `disable_corrector`: steps, from 0, that the estimate after them does not correct.
  package var uncorrectedSteps: Set<Int> = []

  package init() {}
}

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
    var solver = UniPCSolver()
    if !run.system.followsDiffusers { (solver.order, solver.width) = (3, .plain) }
    try predictAndCorrect(&x, &run, solver)
  }

  /// Of third order with B(h) = expm1(-h) (`solver_order` 3 of diffusers).
  package static let unipcBH2 = Sampler(
    name: "unipc_bh2", title: "UniPC bh2", names: [.comfyui: ["uni_pc_bh2"]],
    levels: .solver(spacing: nil, final: nil), droppingLastSigma: [.comfyui], comfyEnd: 0.001, limit: .flow,
    callsPerStep: 1, defaultEta: nil, holdsForFlow: true,
    body: { x, run in
      var solver = UniPCSolver()
      solver.order = 3
      try predictAndCorrect(&x, &run, solver)
    })

  /// Any other (`solver_type`, `predict_x0`, `disable_corrector` … of diffusers).
  package static func unipc(_ solver: UniPCSolver) -> Sampler {
    var sampler = unipc
    sampler.body = { x, run in try predictAndCorrect(&x, &run, solver) }
    return sampler
  }

  private static func predictAndCorrect(
    _ x: inout Latents, _ run: inout SamplingRun, _ solver: UniPCSolver
  ) throws {
    var history = EstimateHistory(like: x, keeping: solver.order + 1, ofNoise: solver.integratesNoise)
    var last: (x: Latents, step: Step, order: Int)?
    for (index, step) in run.steps.enumerated() {
      try history.estimate(x, at: step.from, &run)
      if let last, index > run.firstWithSignal, !solver.uncorrectedSteps.contains(index - 1) {
        x = last.x
        let others = Array(2..<last.order + 1) + [0]
        move(&x, last.step, history, from: 1, to: others, solver)
      }
      let left = solver.lowersOrderAtEnd || step.to.sigma == 0 ? run.steps.count - index : solver.order
      let taken = min(solver.order, left, max(index - run.firstWithSignal, 0) + 1)
      last = (x, step, taken)
      move(&x, step, history, from: 0, to: Array(1..<taken), solver)
      try run.finish(&x, at: step.to, step: index)
    }
  }

  /// A step of first order with one estimate of the history, and what the differences to others say.
  private static func move(
    _ x: inout Latents, _ step: Step, _ history: EstimateHistory, from base: Int, to others: [Int],
    _ solver: UniPCSolver
  ) {
    let h = step.to.lambda - step.from.lambda
    // diffusers' lists may end twice at the last level.
    guard h > 0 else { return }
    let kind = DPMSolver { $0.integratesNoise = solver.integratesNoise }
    let part = ExponentialStep(from: step.from, to: step.to, kind, eta: 0)
    x.combine(part.kept, adding: part.ofEstimate, of: history[base])
    guard !others.isEmpty else { return }
    let exponent = solver.integratesNoise ? h : -h
    let scale = solver.integratesNoise ? step.to.sigma : step.to.alpha
    let places = others.map { history.lambdaStep(from: base, to: $0) / h }
    // For a single difference the references take 1/2, to which equation 3.3 comes as h becomes small.
    let weights =
      others.count == 1 ? [0.5] : differenceWeights(places, exponent, solver.width.factor(exponent))
    for (other, (weight, place)) in zip(others, zip(weights, places)) {
      let factor = -scale * solver.width.factor(exponent) * weight / place
      x.combine(1, adding: factor, of: history[other])
      x.combine(1, adding: -factor, of: history[base])
    }
  }

  /// Equation 3.3: the weights of the differences to estimates at some places (in units of h from the step's start),
  /// such that polynomials up to their number are integrated exactly.
  private static func differenceWeights(
    _ places: [Double], _ exponent: Double, _ width: Double
  ) -> [Double] {
    var (phi, factorial) = (expm1(exponent) / exponent - 1, 1.0)
    var moments: [Double] = []
    for power in places.indices {
      moments.append(phi * factorial / width)
      factorial *= Double(power + 2)
      phi = phi / exponent - 1 / factorial
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
