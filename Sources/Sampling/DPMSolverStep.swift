import Glibc

/// Which of the DPM-Solvers takes the steps, and in which order: the fields of diffusers' `DPMSolverMultistepScheduler`
/// and `DPMSolverSinglestepScheduler`.
package struct DPMSolver: Sendable, Equatable {
  /// `solver_type`: how the second difference is weighed.
  package enum Rule: String, Sendable, CaseIterable { case midpoint, heun }

  /// Whether estimates of the noise are integrated (DPM-Solver), instead of those of the clean picture (DPM-Solver++).
  package var integratesNoise = false
  /// Whether the stochastic differential equation is solved, with noise by eta.
  package var isStochastic = false
  /// `solver_order`, 1 to 3.
  package var order = 2
  package var rule = Rule.midpoint
  /// `lower_order_final`: whether the order falls towards the end if there are few steps.
  package var lowersOrderAtEnd = true
  /// `euler_at_final`: whether the last step is of first order always.
  package var endsWithEuler = false
  /// Whether the last term of the third order is that of k-diffusion's `sample_dpmpp_3m_sde`. diffusers has its half
  /// with the other sign in stochastic solvers.
  var isOfKDiffusion = false

  package init() {}

  init(_ change: (inout DPMSolver) -> Void) { change(&self) }

  /// Fewest steps whose end keeps its order.
  static let fewestForFullOrder = 15

  /// The order of a step of a multistep solver, if there are estimates enough.
  func order(of index: Int, count: Int, to level: NoiseLevel) -> Int {
    let isShort = lowersOrderAtEnd && count < Self.fewestForFullOrder
    if index == count - 1, isShort || endsWithEuler || level.sigma == 0 { return 1 }
    return index == count - 2 && isShort ? min(order, 2) : order
  }

  /// The orders of all steps of a singlestep solver: each series goes on from the level that it began with.
  func singlestepOrders(count: Int, endsClean: Bool) -> [Int] {
    var orders = (0..<count).map { $0 % order + 1 }
    if let last = orders.indices.last, endsClean || (lowersOrderAtEnd && count % order == 0) {
      orders[last] = 1
    }
    return orders
  }
}

/// One step of an exponential integrator over lambda = ln(alpha / sigma): x' = kept x + D0, D1 and D2 with weights, and
/// noise. D0 is an estimate, D1 and D2 are divided differences of estimates, in units of the step.
///
/// Lu et al. (2022), both papers: for the clean picture the exponent runs along -h, for the noise along h.
struct ExponentialStep {
  /// The step in lambda.
  let width: Double
  let kept: Double
  /// Of D0.
  let ofEstimate: Double
  let noise: Double
  private let scale: Double
  private let exponent: Double
  private let solver: DPMSolver

  /// - Parameter eta: share of the noise that is drawn anew.
  init(from: NoiseLevel, to: NoiseLevel, _ solver: DPMSolver, eta: Double) {
    let h = to.lambda - from.lambda
    self.solver = solver
    width = h
    if solver.integratesNoise {
      // sigma' e^h: finite at the clean picture, where h is not.
      let grown = to.alpha * from.ratio
      (kept, exponent) = (to.alpha / from.alpha, h)
      scale = (1 + eta * eta) * to.sigma
      ofEstimate = (1 + eta * eta) * (to.sigma - grown)
      noise = eta * max(grown * grown - to.sigma * to.sigma, 0).squareRoot()
    } else {
      // At the clean picture h is infinite, and all that is left of the formula is the estimate; from pure noise too,
      // but for the noise itself at eta 0.
      kept = to.sigma == 0 ? 0 : to.sigma / from.sigma * exp(eta > 0 ? -eta * h : 0)
      (scale, exponent) = (to.alpha, -(1 + eta) * h)
      ofEstimate = -scale * expm1(exponent)
      noise = eta > 0 ? to.sigma * (-expm1(-2 * eta * h)).squareRoot() : 0
    }
  }

  /// Of D1 in a step of second order.
  var second: Double { solver.rule == .midpoint ? 0.5 * ofEstimate : curved }

  /// Of D1 where the integral is exact for lines.
  var curved: Double { -scale * (expm1(exponent) / exponent - 1) }

  /// Of D2.
  var third: Double {
    let half = solver.isStochastic && !solver.isOfKDiffusion ? -0.5 : 0.5
    return -scale * ((expm1(exponent) - exponent) / (exponent * exponent) - half)
  }
}

/// The last estimates of the clean picture, or of the noise, newest first, with their lambdas.
struct EstimateHistory {
  private(set) var estimates: [Latents] = []
  private var lambdas: [Double] = []
  private let empty: Latents
  private let capacity: Int
  private let isOfNoise: Bool

  init(like x: Latents, keeping capacity: Int = 3, ofNoise isOfNoise: Bool = false) {
    (empty, self.capacity, self.isOfNoise) = (Latents(zerosLike: x), capacity, isOfNoise)
  }

  var count: Int { estimates.count }
  subscript(_ index: Int) -> Latents { estimates[index] }

  /// Asks for the newest estimate; the oldest makes room for it.
  mutating func estimate(_ x: Latents, at level: NoiseLevel, _ run: inout SamplingRun) throws {
    var newest = estimates.count == capacity ? estimates.removeLast() : empty
    if lambdas.count == capacity { lambdas.removeLast() }
    try run.estimate(&newest, in: x, at: level)
    if isOfNoise {
      let clean = newest
      newest.setNoise(in: x, at: level, clean: clean)
    }
    estimates.insert(newest, at: 0)
    lambdas.insert(level.lambda, at: 0)
  }

  /// From one estimate's lambda to another's.
  func lambdaStep(from: Int, to: Int) -> Double { lambdas[to] - lambdas[from] }

  /// `x += factor * (newer - older) / r`, r their distance in lambda over the step's width.
  func addDifference(to x: inout Latents, _ factor: Double, _ newer: Int, _ older: Int, over width: Double) {
    let scaled = factor * width / (lambdas[newer] - lambdas[older])
    x.combine(1, adding: scaled, of: estimates[newer])
    x.combine(1, adding: -scaled, of: estimates[older])
  }
}
