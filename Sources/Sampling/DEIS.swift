import Glibc

extension Sampler {
  /// Zhang and Chen, "Fast Sampling of Diffusion Models with Exponential Integrator" (2022): the noise is taken as a
  /// polynomial through the last estimates, and integrated over rho = sigma / alpha.
  ///
  /// In diffusers (`DEISMultistepScheduler`, whose list ends at the training's first noise) it is a line in ln rho; in
  /// ComfyUI a parabola in the time of a noise schedule of its own.
  package static let deis = Sampler(
    name: "deis", title: "DEIS",
    names: [.diffusers: ["DEISMultistepScheduler"], .comfyui: ["deis"]],
    levels: .solver(spacing: nil, final: .minimum), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true
  ) { x, run in
    var clean = Latents(zerosLike: x)
    // Estimates of the noise with their rho, newest first.
    var noises: [(rho: Double, noise: Latents)] = []
    let count = run.steps.count
    let order = run.system == .comfyui ? 3 : 2
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      if index >= run.firstWithSignal {
        var noise = noises.count == order ? noises.removeLast().noise : clean
        noise.setNoise(in: x, at: from, clean: clean)
        noises.insert((from.ratio, noise), at: 0)
      }
      let endsLow = index == count - 1 && count < fewestForFullOrder && run.system != .comfyui
      if noises.count < 2 || endsLow || to.sigma == 0 {
        x.move(from: from, to: to, clean: clean)
      } else {
        let rhos = noises.map(\.rho)
        let weights =
          run.system == .comfyui
          ? timeWeights(rhos, to: to.ratio) : logLinearWeights(rhos, to: to.ratio)
        x.scale(by: to.alpha / from.alpha)
        for (weight, entry) in zip(weights, noises) {
          x.combine(1, adding: to.alpha * weight, of: entry.noise)
        }
      }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// For two nodes, the integrals from the first to `end` of the lines in ln rho that are 1 at one node and 0 at the other.
  private static func logLinearWeights(_ rhos: [Double], to end: Double) -> [Double] {
    zip(rhos, rhos.reversed()).map { one, zero in
      func primitive(_ rho: Double) -> Double { rho * (log(rho) - log(zero) - 1) / (log(one) - log(zero)) }
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
