import Glibc

/// Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models" (2022), multistep:
/// exponential integrators over lambda = ln(alpha / sigma), which take the clean picture's estimate as a polynomial
/// through the last ones. Written in alpha and sigma, they hold in every space.
///
/// As in diffusers (`lower_order_final`), the order falls towards the end if there are fewer than 15 steps; the step
/// to the clean picture is of first order always.
extension Sampler {
  package static let dpmpp2M = Sampler(
    name: "dpmpp_2m", title: "DPM++ 2M",
    names: [
      .diffusers: ["DPMSolverMultistepScheduler"], .a1111: ["DPM++ 2M", "k_dpmpp_2m"],
      .comfyui: ["dpmpp_2m"], .stability: ["K_DPMPP_2M"],
    ],
    levels: .solver(spacing: nil, final: nil), webUISchedule: .karras, limit: .flow, callsPerStep: 1,
    defaultEta: nil, holdsForFlow: true, body: { x, run in try multistep(&x, &run, DPMSolver()) })

  /// Third order (`solver_order` 3 of diffusers).
  package static let dpmpp3M = Sampler(
    name: "dpmpp_3m", title: "DPM++ 3M", names: [:],
    levels: .solver(spacing: nil, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true, fewestSteps: 10,
    body: { x, run in try multistep(&x, &run, DPMSolver { $0.order = 3 }) })

  /// Any of them (`algorithm_type`, `solver_order`, `solver_type` … of diffusers), known as the one that it is nearest to.
  package static func multistep(_ solver: DPMSolver) -> Sampler {
    var sampler = solver.order == 3 ? dpmpp3M : dpmpp2M
    if solver.isStochastic { sampler = solver.rule == .heun ? dpmpp2MSDEHeun : dpmpp2MSDE }
    sampler.body = { x, run in try multistep(&x, &run, solver) }
    return sampler
  }

  static func multistep(_ x: inout Latents, _ run: inout SamplingRun, _ solver: DPMSolver) throws {
    var history = EstimateHistory(like: x, ofNoise: solver.integratesNoise)
    let eta = solver.isStochastic ? run.eta : 0
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      let part = ExponentialStep(from: from, to: to, solver, eta: eta)
      let order = min(solver.order(of: index, count: run.steps.count, to: to), history.count)
      x.combine(part.kept, adding: part.ofEstimate, of: history[0])
      if order == 2 { history.addDifference(to: &x, part.second, 0, 1, over: part.width) }
      if order == 3 { history.addThirdOrder(to: &x, part) }
      if eta > 0 { run.addNoise(part.noise, to: &x, from: from, to: to) }
      try run.finish(&x, at: to, step: index)
    }
  }
}

extension EstimateHistory {
  /// `x += first * D1 + second * D2` with the divided differences of the last three estimates.
  fileprivate func addThirdOrder(to x: inout Latents, _ step: ExponentialStep) {
    let r0 = lambdaStep(from: 1, to: 0) / step.width
    let r1 = lambdaStep(from: 2, to: 1) / step.width
    // D1 = d + (d - e) r0 / (r0 + r1), D2 = (d - e) / (r0 + r1), d = (D - D₋₁) / r0, e = (D₋₁ - D₋₂) / r1.
    let ofDifference = (step.curved * r0 + step.third) / (r0 + r1)
    addDifference(to: &x, step.curved + ofDifference, 0, 1, over: step.width)
    addDifference(to: &x, -ofDifference, 1, 2, over: step.width)
  }
}
