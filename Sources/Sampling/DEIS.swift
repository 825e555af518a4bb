import Glibc

extension Sampler {
  /// Zhang and Chen, "Fast Sampling of Diffusion Models with Exponential Integrator" (2022): the noise is taken as a
  /// polynomial through the last estimates, and integrated over rho = sigma / alpha.
  ///
  /// In diffusers (`DEISMultistepScheduler`, whose list ends at the training's first noise) it is a line in ln rho, or a
  /// parabola; in ComfyUI a parabola in the time of a noise schedule of its own.
  package static let deis = Sampler(
    name: "deis", title: "DEIS",
    names: [.diffusers: ["DEISMultistepScheduler"], .comfyui: ["deis"]],
    levels: .solver(spacing: nil, final: .minimum), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true
  ) { x, run in
    let solver = DPMSolver { $0.order = run.system == .comfyui ? 3 : 2 }
    try integrate(&x, &run, solver, isInTime: run.system == .comfyui)
  }

  /// Another order (`solver_order`, `lower_order_final` of diffusers).
  package static func deis(_ solver: DPMSolver) -> Sampler {
    var sampler = deis
    sampler.body = { x, run in try integrate(&x, &run, solver, isInTime: false) }
    return sampler
  }

  /// - Parameter isInTime: whether the polynomial is one in ComfyUI's time, whose order stays to the end.
  private static func integrate(
    _ x: inout Latents, _ run: inout SamplingRun, _ solver: DPMSolver, isInTime: Bool
  ) throws {
    var clean = Latents(zerosLike: x)
    // Estimates of the noise with their rho, newest first.
    var noises: [(rho: Double, noise: Latents)] = []
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      if index >= run.firstWithSignal {
        var noise = noises.count == solver.order ? noises.removeLast().noise : clean
        noise.setNoise(in: x, at: from, clean: clean)
        noises.insert((from.ratio, noise), at: 0)
      }
      let highest = isInTime ? solver.order : solver.order(of: index, count: run.steps.count, to: to)
      let used = noises.prefix(highest)
      if used.count < 2 || to.sigma == 0 {
        x.move(from: from, to: to, clean: clean)
      } else {
        let rhos = used.map(\.rho)
        let weights =
          isInTime ? timeWeights(rhos, to: to.ratio) : logarithmicWeights(rhos, to: to.ratio)
        x.scale(by: to.alpha / from.alpha)
        for (weight, entry) in zip(weights, used) {
          x.combine(1, adding: to.alpha * weight, of: entry.noise)
        }
      }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// For two or three nodes, the integrals from the first to `end` of the polynomials in ln rho that are 1 at one node
  /// and 0 at the others.
  private static func logarithmicWeights(_ rhos: [Double], to end: Double) -> [Double] {
    rhos.indices.map { own in
      let others = rhos.indices.filter { $0 != own }.map { log(rhos[$0]) }
      let divisor = others.reduce(1) { $0 * (log(rhos[own]) - $1) }
      func primitive(_ rho: Double) -> Double {
        let place = log(rho)
        guard others.count == 2 else { return rho * (place - others[0] - 1) / divisor }
        let (one, two) = (others[0], others[1])
        return rho * ((place - one) * (place - two) - 2 * place + one + two + 2) / divisor
      }
      return primitive(end) - primitive(rhos[0])
    }
  }

  /// The integrals over rho, from the first node to `end`, of the polynomials in time that are 1 at one node and 0 at
  /// the others. Time is that of a schedule with beta rising evenly, from rho 0.002 at 0.001 to rho 80 at 1.
  ///
  /// The integrals are sums over 10000 points with both ends, divided by as many: the reference's results are off by
  /// 1e-4 of each weight, and so are these.
  private static func timeWeights(_ rhos: [Double], to end: Double) -> [Double] {
    let (first, least) = (log1p(0.002 * 0.002), 0.001)
    let last = log1p(80.0 * 80)
    // ln(1 + rho²) = slope t² / 2 + beta t.
    let slope = 2 * (first / least - last) / (least - 1)
    let beta = last - slope / 2
    func time(_ rho: Double) -> Double {
      ((beta * beta + 2 * slope * log1p(rho * rho)).squareRoot() - beta) / slope
    }
    let nodes = rhos.map(time)
    let points = 10000
    let width = time(end) - nodes[0]
    var sums = [Double](repeating: 0, count: nodes.count)
    for point in 0..<points {
      let at = nodes[0] + width * Double(point) / Double(points - 1)
      let growth = expm1(slope * at * at / 2 + beta * at)
      let derivative = (slope * at + beta) * (growth + 1) / (2 * growth.squareRoot())
      for (own, node) in nodes.enumerated() {
        var basis = derivative
        for (other, place) in nodes.enumerated() where other != own { basis *= (at - place) / (node - place) }
        sums[own] += basis
      }
    }
    return sums.map { $0 * width / Double(points) }
  }
}
