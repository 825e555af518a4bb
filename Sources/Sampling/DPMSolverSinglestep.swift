import Glibc

extension Sampler {
  /// DPM-Solver++ (Lu et al., 2022), singlestep of second order, as diffusers spends a list of N steps: every second
  /// step goes on from the level before, and takes the level between as its midpoint. So it costs one call a step.
  package static let dpmpp2S = Sampler(
    name: "dpmpp_2s", title: "DPM++ 2S", names: [.diffusers: ["DPMSolverSinglestepScheduler"]],
    levels: .solver(spacing: .linspace, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true,
    body: { x, run in try singlestep(&x, &run, DPMSolver { $0.lowersOrderAtEnd = false }) })

  /// Any other (`algorithm_type`, `solver_order`, `solver_type` … of diffusers).
  package static func singlestep(_ solver: DPMSolver) -> Sampler {
    var sampler = dpmpp2S
    if solver.isStochastic { (sampler.limit, sampler.defaultEta) = (.path, 1) }
    sampler.body = { x, run in try singlestep(&x, &run, solver) }
    return sampler
  }

  private static func singlestep(_ x: inout Latents, _ run: inout SamplingRun, _ solver: DPMSolver) throws {
    var history = EstimateHistory(like: x, ofNoise: solver.integratesNoise)
    var (start, origin) = (x, run.steps[0].from)
    let eta = solver.isStochastic ? run.eta : 0
    let first = run.firstWithSignal
    let orders =
      Array(repeating: 1, count: first)
      + solver.singlestepOrders(
        count: run.steps.count - first, endsClean: run.steps[run.steps.count - 1].to.sigma == 0)
    for (index, step) in run.steps.enumerated() {
      try history.estimate(x, at: step.from, &run)
      let order = orders[index]
      if order == 1 { (start, origin) = (x, step.from) }
      let part = ExponentialStep(from: origin, to: step.to, solver, eta: eta)
      x = start
      x.combine(part.kept, adding: part.ofEstimate, of: history[order - 1])
      if order == 2 { history.addDifference(to: &x, part.second, 0, 1, over: part.width) }
      if order == 3 { history.addThirdOrder(to: &x, part, solver.rule) }
      if eta > 0 { run.addNoise(part.noise, to: &x, from: origin, to: step.to) }
      try run.finish(&x, at: step.to, step: index)
    }
  }

  /// The same with a midpoint of its own, to a level below the next one, then fresh noise up to it: k-diffusion's
  /// `sample_dpmpp_2s_ancestral`.
  package static let dpmpp2SAncestral = Sampler(
    name: "dpmpp_2s_a", title: "DPM++ 2S a",
    names: [
      .a1111: ["DPM++ 2S a", "k_dpmpp_2s_a"], .comfyui: ["dpmpp_2s_ancestral"],
      .stability: ["K_DPMPP_2S_ANCESTRAL"],
    ],
    levels: .sigmas, webUISchedule: .karras, limit: .path, callsPerStep: 2, defaultEta: 1
  ) { x, run in
    var clean = Latents(zerosLike: x)
    var middle = clean
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      let (down, up) = ancestralSplit(from: from, to: to, eta: run.eta)
      if down.sigma > 0 {
        let between = run.levels.level(ratio: (from.ratio * down.ratio).squareRoot())
        middle = x
        middle.move(from: from, to: between, clean: clean)
        try run.estimate(&clean, in: middle, at: between)
      }
      x.move(from: from, to: down, clean: clean)
      if to.sigma > 0 { run.addNoise(up, to: &x, from: from, to: to) }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// k-diffusion's `sample_dpmpp_sde` with r = 1/2: half an ancestral step to the midpoint, then an ancestral step
  /// with the estimate that was made there. Both draw from one Brownian path.
  package static let dpmppSDE = Sampler(
    name: "dpmpp_sde", title: "DPM++ SDE",
    names: [
      .a1111: ["DPM++ SDE", "k_dpmpp_sde"], .comfyui: ["dpmpp_sde", "dpmpp_sde_gpu"],
      .stability: ["K_DPMPP_SDE"],
    ],
    levels: .sigmas, webUISchedule: .karras, limit: .path, stepNoise: .brownian, callsPerStep: 2,
    defaultEta: 1
  ) { x, run in
    var clean = Latents(zerosLike: x)
    var middle = clean
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      if to.sigma > 0 {
        let between = run.levels.level(ratio: (from.ratio * to.ratio).squareRoot())
        let (halfDown, halfUp) = ancestralSplit(from: from, to: between, eta: run.eta)
        middle = x
        middle.move(from: from, to: halfDown, clean: clean)
        run.addNoise(halfUp, to: &middle, from: from, to: between)
        try run.estimate(&clean, in: middle, at: between)
        let (down, up) = ancestralSplit(from: from, to: to, eta: run.eta)
        x.move(from: from, to: down, clean: clean)
        run.addNoise(up, to: &x, from: from, to: to)
      } else {
        x.move(from: from, to: to, clean: clean)
      }
      try run.finish(&x, at: to, step: index)
    }
  }
}

extension EstimateHistory {
  /// `x += first * D1 + second * D2` with differences to the oldest of the last three estimates, from which the step goes
  /// on.
  fileprivate func addThirdOrder(to x: inout Latents, _ step: ExponentialStep, _ rule: DPMSolver.Rule) {
    guard rule == .heun else { return addDifference(to: &x, step.curved, 0, 2, over: step.width) }
    let r0 = lambdaStep(from: 2, to: 0) / step.width
    let r1 = lambdaStep(from: 2, to: 1) / step.width
    // D1 = (r0 d - r1 e) / (r0 - r1), D2 = 2 (e - d) / (r0 - r1), d = (D₋₁ - D₋₂) / r1, e = (D - D₋₂) / r0.
    addDifference(to: &x, (step.curved * r0 - 2 * step.third) / (r0 - r1), 1, 2, over: step.width)
    addDifference(to: &x, (2 * step.third - step.curved * r1) / (r0 - r1), 0, 2, over: step.width)
  }
}
