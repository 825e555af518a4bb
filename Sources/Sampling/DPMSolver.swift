import Glibc

/// Lu et al., "DPM-Solver" (2022): singlestep exponential integrators for the noise, on levels of their own choice
/// from the first level of the list to the model's least noise, in lambda. The last picture keeps that noise, as in
/// k-diffusion. For the variance-exploding space.
extension Sampler {
  /// Section 3.4: as many network calls as the list has steps, in steps of third order and a rest.
  package static let dpmFast = Sampler(
    name: "dpm_fast", title: "DPM fast",
    names: [.a1111: ["DPM fast", "k_dpm_fast"], .comfyui: ["dpm_fast"]],
    levels: .sigmas, limit: .path, callsPerStep: 1, defaultEta: 0, fewestSteps: 4
  ) { x, run in
    var solver = SinglestepSolver(like: x, run)
    let calls = run.steps.count
    let segments = calls / 3 + 1
    let whole = max(calls % 3 == 0 ? segments - 2 : segments - 1, 0)
    let orders = Array(repeating: 3, count: whole) + (calls % 3 == 0 ? [2, 1] : [calls % 3])
    for (index, order) in orders.enumerated() {
      let from = solver.lambda(Double(index) / Double(segments))
      let to = solver.lambda(Double(index + 1) / Double(segments))
      let (down, up) = solver.split(from, to, eta: run.eta)
      try solver.begin(x, from, &run)
      x = try solver.step(order: order, middle: 0.5, x, from, down, &run)
      run.addNoise(up, to: &x, from: run.level(lambda: from), to: run.level(lambda: to))
      try run.finish(&x, at: run.level(lambda: to), step: min(run.calls, calls) - 1)
    }
  }

  /// Appendix C: steps of third order whose length follows the difference from the second order
  /// (relative 0.05, absolute 0.0078, as in k-diffusion). Of the list it uses only where it begins.
  package static let dpmAdaptive = adaptive(relative: 0.05, absolute: 0.0078, width: 0.05)

  /// - Parameters:
  ///   - relative, absolute: the difference that is tolerated, of each value.
  ///   - width: of the first step, in lambda.
  package static func adaptive(relative: Double, absolute: Double, width: Double) -> Sampler {
    Sampler(
      name: "dpm_adaptive", title: "DPM adaptive",
      names: [.a1111: ["DPM adaptive", "k_dpm_ad"], .comfyui: ["dpm_adaptive"]],
      levels: .sigmas, limit: .path, callsPerStep: 3, defaultEta: 0, isAdaptive: true,
      body: { x, run in
        try stepAdaptively(&x, &run, relative: relative, absolute: absolute, width: width)
      })
  }

  /// In lambda, of which the whole way is about 6: a network that can be sampled never asks for less.
  private static let smallestWidth = 1e-4

  private static func stepAdaptively(
    _ x: inout Latents, _ run: inout SamplingRun, relative: Double, absolute: Double, width: Double
  ) throws {
    var solver = SinglestepSolver(like: x, run)
    var (at, width, previous) = (solver.first, width, x)
    while at < solver.last - 1e-5 {
      let to = min(solver.last, at + width)
      let (down, up) = solver.split(at, to, eta: run.eta)
      try solver.begin(x, at, &run)
      let low = try solver.step(order: 2, middle: 1 / 3, x, at, down, &run)
      let high = try solver.step(order: 3, middle: nil, x, at, down, &run)
      let error = toleratedDistance(low, high, previous, relative, absolute)
      guard error.isFinite, width > smallestWidth else {
        throw SamplingError.noStepSmallEnough(
          sampler: dpmAdaptive.name, timestep: run.level(lambda: at).timestep, calls: run.calls)
      }
      // k-diffusion's controller with its integral part alone.
      let factor = 1 + atan(pow(1 / (error + 1e-8), run.eta > 0 ? 1 / 1.5 : 1 / 3) - 1)
      width *= factor
      guard factor >= 0.81 else { continue }
      x = high
      run.addNoise(up, to: &x, from: run.level(lambda: at), to: run.level(lambda: to))
      (previous, at) = (low, to)
      let done = (at - solver.first) / (solver.last - solver.first)
      let step = Int((done * Double(run.steps.count)).rounded()) - 1
      try run.finish(&x, at: run.level(lambda: at), step: min(max(step, 0), run.steps.count - 1))
    }
  }

  /// Root mean square of a difference in units of what is tolerated; 1 is just good enough.
  private static func toleratedDistance(
    _ low: Latents, _ high: Latents, _ previous: Latents, _ relative: Double, _ absolute: Double
  ) -> Double {
    var sum = 0.0
    for index in low.values.indices {
      let size = max(abs(low.values[index]), abs(previous.values[index]))
      let part = (low.values[index] - high.values[index]) / max(absolute, relative * size)
      sum += part * part
    }
    return (sum / Double(low.count)).squareRoot()
  }
}

extension SamplingRun {
  fileprivate func level(lambda: Double) -> NoiseLevel { levels.level(ratio: exp(-lambda)) }
}

/// DPM-Solver's steps of first to third order (algorithms 1, 4 and 5) with their buffers.
private struct SinglestepSolver {
  /// Lambda of the first level and of the model's least noise.
  let first: Double
  let last: Double
  private var clean: Latents
  /// Estimates of the noise at the beginning, the first and the second place between.
  private var noises: [Latents]

  init(like x: Latents, _ run: SamplingRun) {
    first = run.steps[0].from.lambda
    last = max(first, run.levels.cleanest.lambda)
    clean = Latents(zerosLike: x)
    noises = [clean, clean, clean]
  }

  /// Lambda at a share of the way.
  func lambda(_ share: Double) -> Double { first + (last - first) * share }

  /// Where to step to, and the noise to add then: the ancestral split, but never beyond the end.
  func split(_ from: Double, _ to: Double, eta: Double) -> (down: Double, up: Double) {
    guard eta > 0 else { return (to, 0) }
    let (start, end) = (
      NoiseLevel(timestep: 0, alpha: 1, sigma: exp(-from)), NoiseLevel(timestep: 0, alpha: 1, sigma: exp(-to))
    )
    let down = min(last, Sampler.ancestralSplit(from: start, to: end, eta: eta).down.lambda)
    return (down, max(exp(-2 * to) - exp(-2 * down), 0).squareRoot())
  }

  /// Estimates the noise at the beginning of a step.
  mutating func begin(_ x: Latents, _ at: Double, _ run: inout SamplingRun) throws {
    try estimate(0, x, at, &run)
  }

  /// - Parameter middle: where the first place between is; nil if a step of second order has asked there, at 1/3.
  mutating func step(
    order: Int, middle: Double?, _ x: Latents, _ from: Double, _ to: Double, _ run: inout SamplingRun
  ) throws -> Latents {
    let h = to - from
    let r1 = order == 3 ? 1 / 3.0 : middle ?? 0.5
    if order > 1, order == 2 || middle != nil {
      var between = x
      between.combine(1, adding: -exp(-from - r1 * h) * expm1(r1 * h), of: noises[0])
      try estimate(1, between, from + r1 * h, &run)
    }
    var result = x
    result.combine(1, adding: -exp(-to) * expm1(h), of: noises[0])
    if order == 2 {
      result.add(-exp(-to) / (2 * r1) * expm1(h), times: noises[1], minus: noises[0])
    } else if order == 3 {
      let r2 = 2 / 3.0
      var between = x
      let sigma = exp(-from - r2 * h)
      between.combine(1, adding: -sigma * expm1(r2 * h), of: noises[0])
      between.add(-sigma * r2 / r1 * (expm1(r2 * h) / (r2 * h) - 1), times: noises[1], minus: noises[0])
      try estimate(2, between, from + r2 * h, &run)
      result.add(-exp(-to) / r2 * (expm1(h) / h - 1), times: noises[2], minus: noises[0])
    }
    return result
  }

  private mutating func estimate(_ place: Int, _ x: Latents, _ lambda: Double, _ run: inout SamplingRun)
    throws
  {
    let level = run.level(lambda: lambda)
    try run.estimate(&clean, in: x, at: level)
    noises[place].setSlope(of: x, clean: clean, sigma: level.sigma)
  }
}

extension Latents {
  /// `self += factor * (one - other)`.
  fileprivate mutating func add(_ factor: Double, times one: Latents, minus other: Latents) {
    combine(1, adding: factor, of: one)
    combine(1, adding: -factor, of: other)
  }
}
