/// Liu et al., "Pseudo Numerical Methods for Diffusion Models" (2022): DDIM's step with the noise extrapolated from up to
/// four estimates by Adams and Bashforth's weights for even steps.
extension Sampler {
  /// Without the Runge-Kutta start (`skip_prk_steps` of diffusers; PLMS of the original Stable Diffusion): the first step
  /// is taken twice, the second time with the mean of the noise at both ends.
  ///
  /// For models that predict v, the noise is extrapolated as well, as A1111 does.
  package static let pndm = Sampler(
    name: "pndm", title: "PLMS",
    names: [.diffusers: ["PNDMScheduler"], .a1111: ["PLMS"]],
    levels: .table, webUILevels: .timesteps, limit: .flow, callsPerStep: 1, defaultEta: nil, fewestSteps: 4,
    body: { x, run in try extrapolate(&x, &run, PseudoNumericalMethod()) })

  /// As diffusers has it.
  package static func pndm(_ method: PseudoNumericalMethod) -> Sampler {
    var sampler = pndm
    sampler.body = { x, run in
      // A1111 calls PLMS what this is here.
      try extrapolate(&x, &run, run.system.followsDiffusers ? method : PseudoNumericalMethod())
    }
    return sampler
  }

  private static func extrapolate(
    _ x: inout Latents, _ run: inout SamplingRun, _ method: PseudoNumericalMethod
  ) throws {
    guard run.steps[0].from.alpha > 0 else {
      throw SamplingError.setting(
        name: "sampler", value: "pndm",
        expected: "another one for a model that starts at pure noise (rescale_betas_zero_snr): "
          + "what pndm extrapolates, the noise, says nothing there")
    }
    var estimates = NetworkEstimates(like: x, method)
    for (index, step) in run.steps.enumerated() {
      if method.startsWithRungeKutta, index < 3 {
        try stepByRungeKutta(&x, &run, &estimates, index)
      } else {
        try stepByAdamsBashforth(&x, &run, &estimates, index)
      }
      try run.finish(&x, at: step.to, step: index)
    }
  }

  private static func stepByAdamsBashforth(
    _ x: inout Latents, _ run: inout SamplingRun, _ estimates: inout NetworkEstimates, _ index: Int
  ) throws {
    let (from, to) = (run.steps[index].from, run.steps[index].to)
    let here = try estimates.ask(x, at: from, &run)
    estimates.keep(here)
    // diffusers takes a single step once: where that ends the network was never asked.
    guard index == 0, run.steps.count > 1 || to.timestep > 0 else {
      return estimates.move(&x, estimates.newest, adamsBashforth[estimates.newest.count - 1], from, to)
    }
    var ahead = x
    estimates.move(&ahead, [here], [1], from, to)
    // The second step's timestep is the end of the first, wherever that led.
    let end = run.steps.count > 1 && run.system.followsDiffusers ? run.steps[1].from : to
    let there = try estimates.ask(ahead, at: end, &run)
    let start = end == to ? from : run.levels.level(timestep: Int(end.timestep + from.timestep - to.timestep))
    estimates.move(&x, [here, there], [0.5, 0.5], start, end)
  }

  /// The classical method of fourth order, with the middle half a stride from either end.
  private static func stepByRungeKutta(
    _ x: inout Latents, _ run: inout SamplingRun, _ estimates: inout NetworkEstimates, _ index: Int
  ) throws {
    guard run.steps.count > 3 else {
      throw SamplingError.setting(
        name: "steps", value: "\(run.steps.count)",
        expected:
          "4 or more with a model whose scheduler starts with Runge-Kutta steps (skip_prk_steps false)")
    }
    let (from, next) = (run.steps[index].from, run.steps[index + 1].from)
    let half = Int(run.steps[0].from.timestep - run.steps[0].to.timestep) / 2
    let middle = run.levels.level(timestep: Int(next.timestep) + half)
    let ends = [
      run.levels.level(timestep: Int(from.timestep) - half), middle,
      run.levels.level(timestep: Int(middle.timestep) - half), next,
    ]
    let start = x
    var slopes: [Latents] = []
    for (at, end) in zip([from, middle, middle, next], ends) {
      slopes.append(try estimates.ask(x, at: at, &run))
      x = start
      let weights = slopes.count == 4 ? [1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0] : [1]
      estimates.move(&x, slopes.count == 4 ? slopes : slopes.suffix(1), weights, from, end)
    }
    estimates.keep(slopes[0])
  }

  private static let adamsBashforth: [[Double]] = [
    [1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24],
  ]
}

/// How `PNDMScheduler` of diffusers is set.
package struct PseudoNumericalMethod: Sendable, Equatable {
  /// `skip_prk_steps` false: the first three steps ask the network four times.
  package var startsWithRungeKutta = false
  /// For models that predict v: whether v of different levels is mixed, instead of the noise.
  package var mixesVelocity = false

  package init() {}
}

/// The last estimates of the noise, or of v, newest first.
private struct NetworkEstimates {
  private(set) var newest: [Latents] = []
  private let isOfVelocity: Bool
  private var clean: Latents

  init(like x: Latents, _ method: PseudoNumericalMethod) {
    (isOfVelocity, clean) = (method.mixesVelocity, Latents(zerosLike: x))
  }

  mutating func keep(_ estimate: Latents) {
    newest.insert(estimate, at: 0)
    if newest.count > 4 { newest.removeLast() }
  }

  mutating func ask(_ x: Latents, at level: NoiseLevel, _ run: inout SamplingRun) throws -> Latents {
    try run.estimate(&clean, in: x, at: level)
    var estimate = Latents(zerosLike: x)
    estimate.setNoise(in: x, at: level, clean: clean)
    if isOfVelocity { estimate.combine(level.alpha, adding: -level.sigma, of: clean) }
    return estimate
  }

  /// DDIM's step for a weighted sum of estimates, which for v becomes noise by x and the level that the step starts from.
  func move(
    _ x: inout Latents, _ estimates: some Sequence<Latents>, _ weights: [Double], _ from: NoiseLevel,
    _ to: NoiseLevel
  ) {
    let kept = to.alpha / from.alpha
    let ofNoise = to.sigma - kept * from.sigma
    x.scale(by: isOfVelocity ? kept + ofNoise * from.sigma : kept)
    for (estimate, weight) in zip(estimates, weights) {
      x.combine(1, adding: weight * ofNoise * (isOfVelocity ? from.alpha : 1), of: estimate)
    }
  }
}
