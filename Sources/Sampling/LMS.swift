extension Sampler {
  /// The linear multistep method of Adams and Bashforth with up to four slopes, for uneven steps: k-diffusion's
  /// `sample_lms`. The integrals are exact here; the references integrate numerically.
  package static let lms = Sampler(
    name: "lms", title: "LMS",
    names: [
      .diffusers: ["LMSDiscreteScheduler"], .a1111: ["LMS", "k_lms"], .comfyui: ["lms"],
      .stability: ["K_LMS"],
    ],
    levels: .sigmas, limit: .flow, callsPerStep: 1, defaultEta: nil, holdsForFlow: true, fewestSteps: 10
  ) { x, run in
    var clean = Latents(zerosLike: x)
    var slopes: [(sigma: Double, slope: Latents)] = []
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try run.estimate(&clean, in: x, at: from)
      // The oldest slope's buffer serves again.
      var slope = slopes.count == 4 ? slopes.removeLast().slope : Latents(zerosLike: x)
      slope.setSlope(of: x, clean: clean, sigma: from.sigma)
      slopes.insert((from.sigma, slope), at: 0)
      let nodes = slopes.map(\.sigma)
      for (position, entry) in slopes.enumerated() {
        let weight = lagrangeIntegral(nodes, position, from: from.sigma, to: to.sigma)
        x.combine(1, adding: weight, of: entry.slope)
      }
      try run.finish(&x, at: to, step: index)
    }
  }

  /// Integral of the polynomial that is 1 at one of up to four nodes and 0 at the others.
  static func lagrangeIntegral(_ nodes: [Double], _ position: Int, from: Double, to: Double) -> Double {
    // Two points of Gauss and Legendre are exact up to the third degree.
    let (middle, half) = ((from + to) / 2, (to - from) / 2)
    let offset = half / 3.0.squareRoot()
    func basis(_ at: Double) -> Double {
      nodes.indices.filter { $0 != position }.reduce(1) {
        $0 * (at - nodes[$1]) / (nodes[position] - nodes[$1])
      }
    }
    return half * (basis(middle - offset) + basis(middle + offset))
  }
}
