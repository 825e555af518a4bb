import Glibc

extension Sampler {
  /// DPM-Solver++ (Lu et al., 2022), singlestep of second order, as diffusers spends a list of N steps: every second
  /// step goes on from the level before, and takes the level between as its midpoint. So it costs one call a step.
  package static let dpmpp2S = Sampler(
    name: "dpmpp_2s", title: "DPM++ 2S", names: [.diffusers: ["DPMSolverSinglestepScheduler"]],
    levels: .solver(spacing: .linspace, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true
  ) { x, run in
    var history = CleanHistory(like: x)
    var (start, origin) = (x, run.steps[0].from)
    let count = run.steps.count
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      // A list of odd length, or one that ends at the clean picture, ends with a step of first order.
      if (index - run.firstWithSignal) % 2 == 1, index < count - 1 || to.sigma > 0 {
        let h = to.lambda - origin.lambda
        x = start
        x.move(from: origin, to: to, clean: history[1])
        history.addSecondOrder(to: &x, at: to, h, factor: -0.5 * expm1(-h))
      } else {
        (start, origin) = (x, from)
        x.move(from: from, to: to, clean: history[0])
      }
      try run.finish(&x, at: to, step: index)
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
