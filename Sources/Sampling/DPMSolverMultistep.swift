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
    defaultEta: nil, holdsForFlow: true, body: { x, run in try multistep(&x, &run, order: 2) })

  /// Third order (`solver_order` 3 of diffusers).
  package static let dpmpp3M = Sampler(
    name: "dpmpp_3m", title: "DPM++ 3M", names: [:],
    levels: .solver(spacing: nil, final: nil), limit: .flow, callsPerStep: 1, defaultEta: nil,
    holdsForFlow: true, fewestSteps: 10, body: { x, run in try multistep(&x, &run, order: 3) })

  /// Fewest steps whose end keeps its order.
  static let fewestForFullOrder = 15

  private static func multistep(_ x: inout Latents, _ run: inout SamplingRun, order: Int) throws {
    var history = CleanHistory(like: x)
    let count = run.steps.count
    for (index, step) in run.steps.enumerated() {
      let (from, to) = (step.from, step.to)
      try history.estimate(x, at: from, &run)
      let isShort = count < fewestForFullOrder
      let atEnd = to.sigma == 0 ? 1 : isShort ? count - index : order
      let taken = min(order, atEnd, history.count)
      let h = to.lambda - from.lambda
      x.move(from: from, to: to, clean: history[0])
      if taken == 2 { history.addSecondOrder(to: &x, at: to, h, factor: -0.5 * expm1(-h)) }
      if taken == 3 {
        // expm1(-h) / h + 1 and the next function of the exponential integrator.
        let second = expm1(-h) / h + 1
        history.addThirdOrder(to: &x, at: to, h, first: second, second: -((expm1(-h) + h) / (h * h) - 0.5))
      }
      try run.finish(&x, at: to, step: index)
    }
  }
}

/// The last estimates of the clean picture, newest first, and the differences that multistep methods take of them.
struct CleanHistory {
  private(set) var estimates: [Latents] = []
  private var lambdas: [Double] = []
  private let empty: Latents
  private let capacity: Int

  init(like x: Latents, keeping capacity: Int = 3) {
    (empty, self.capacity) = (Latents(zerosLike: x), capacity)
  }

  var count: Int { estimates.count }
  subscript(_ index: Int) -> Latents { estimates[index] }

  /// Asks for the newest estimate; the oldest makes room for it.
  mutating func estimate(_ x: Latents, at level: NoiseLevel, _ run: inout SamplingRun) throws {
    var clean = estimates.count == capacity ? estimates.removeLast() : empty
    if lambdas.count == capacity { lambdas.removeLast() }
    try run.estimate(&clean, in: x, at: level)
    estimates.insert(clean, at: 0)
    lambdas.insert(level.lambda, at: 0)
  }

  /// From one estimate's lambda to another's.
  func lambdaStep(from: Int, to: Int) -> Double { lambdas[to] - lambdas[from] }

  /// `x += alpha' * factor * D1` with `D1 = (D - D₋₁) / r`, r the last step over this one, in lambda.
  func addSecondOrder(to x: inout Latents, at level: NoiseLevel, _ h: Double, factor: Double) {
    let scaled = level.alpha * factor * h / (lambdas[0] - lambdas[1])
    x.combine(1, adding: scaled, of: estimates[0])
    x.combine(1, adding: -scaled, of: estimates[1])
  }

  /// `x += alpha' * (first * D1 + second * D2)` with the divided differences of the last three estimates.
  func addThirdOrder(to x: inout Latents, at level: NoiseLevel, _ h: Double, first: Double, second: Double) {
    let r0 = (lambdas[0] - lambdas[1]) / h
    let r1 = (lambdas[1] - lambdas[2]) / h
    // D1 = d + (d - e) r0 / (r0 + r1), D2 = (d - e) / (r0 + r1), d = (D - D₋₁) / r0, e = (D₋₁ - D₋₂) / r1.
    let ofDifference = (first * r0 + second) / (r0 + r1)
    let ofNewer = level.alpha * (first + ofDifference) / r0
    let ofOlder = -level.alpha * ofDifference / r1
    x.combine(1, adding: ofNewer, of: estimates[0])
    x.combine(1, adding: ofOlder - ofNewer, of: estimates[1])
    x.combine(1, adding: -ofOlder, of: estimates[2])
  }
}
