import Glibc

/// Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models" (2023),
/// multistep, predicting the clean picture: each new estimate first corrects the step that led to it, without asking
/// again. The order rises from 1 and falls to 1 at the last step.
extension Sampler {
  /// In diffusers of second order with B(h) = expm1(-h) ("bh2"), in A1111 and ComfyUI of third order with B(h) = -h
  /// ("bh1"): what each of them does unless it is told otherwise.
  package static let unipc = Sampler(
    name: "unipc", title: "UniPC",
    names: [.diffusers: ["UniPCMultistepScheduler"], .a1111: ["UniPC"], .comfyui: ["uni_pc"]],
    levels: .solver(spacing: nil, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil
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
    levels: .solver(spacing: nil, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil,
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
      if let last {
        x = last.x
        x.move(from: last.step.from, to: last.step.to, clean: history[1])
        let h = last.step.to.lambda - last.step.from.lambda
        let places = history.places(before: 1, last.order, h) + [1]
        // The references take 1/2 where equation 3.3 has little more.
        let weights = places.count == 1 ? [0.5] : differenceWeights(places, h, width(-h))
        let estimates = Array(2..<places.count + 1) + [0]
        history.addDifferences(
          to: &x, from: 1, estimates, zip(weights, places).map { -last.step.to.alpha * width(-h) * $0 / $1 })
      }
      let taken = min(order, run.steps.count - index, index + 1)
      last = (x, step, taken)
      x.move(from: from, to: to, clean: history[0])
      if taken > 1 {
        let h = to.lambda - from.lambda
        let places = history.places(before: 0, taken, h)
        let weights = places.count == 1 ? [0.5] : differenceWeights(places, h, width(-h))
        history.addDifferences(
          to: &x, from: 0, Array(1...places.count),
          zip(weights, places).map { -to.alpha * width(-h) * $0 / $1 })
      }
      try run.finish(&x, at: to, step: index)
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

extension CleanHistory {
  /// Where the estimates before one of them lie, in units of h; `order - 1` of them.
  fileprivate func places(before base: Int, _ order: Int, _ h: Double) -> [Double] {
    (1..<max(order, 1)).map { lambdaStep(from: base, to: base + $0) / h }
  }

  /// `x += Σ factor * (estimate - base)`.
  fileprivate func addDifferences(
    to x: inout Latents, from base: Int, _ estimates: [Int], _ factors: [Double]
  ) {
    for (index, factor) in zip(estimates, factors) { x.combine(1, adding: factor, of: self[index]) }
    x.combine(1, adding: -factors.reduce(0, +), of: self[base])
  }
}
