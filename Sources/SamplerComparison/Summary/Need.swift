import Glibc

/// The fewest steps with which a method is as near to its reference as asked for, in whole steps.
package struct Need: Sendable, Equatable {
  package let steps: Int
  package let networkCalls: Double
  package let seconds: Double
  /// Whether this number of steps was tried; else it lies between two that were.
  package let isMeasured: Bool
  /// Whether it is the fewest that were tried, so that fewer might do.
  package let isFewestTried: Bool

  /// Follows the medians' curve, straight in PSNR over the logarithm of network calls, to where it first reaches
  /// `psnr`, and rounds up to a whole step.
  /// - Returns: nil if it does not.
  init?(psnr target: Double, steps: [StepSummary]) {
    let curve = steps.compactMap { summary in summary.psnr.map { (summary, $0.median) } }
    guard let index = curve.firstIndex(where: { $0.1 >= target }) else { return nil }
    let reached = curve[index].0
    guard index > 0, let between = Need(psnr: target, from: curve[index - 1], to: curve[index]) else {
      self.steps = reached.steps
      networkCalls = reached.networkCalls
      seconds = reached.seconds.median
      isMeasured = true
      isFewestTried = index == 0
      return
    }
    self = between
  }

  /// - Returns: nil unless a number of steps between the two will do.
  private init?(psnr target: Double, from: (StepSummary, Double), to: (StepSummary, Double)) {
    let ((before, low), (after, high)) = (from, to)
    guard before.networkCalls < after.networkCalls else { return nil }
    let ratio = after.networkCalls / before.networkCalls
    let calls = before.networkCalls * pow(ratio, (target - low) / (high - low))
    let crossing = (calls - before.networkCalls) / (after.networkCalls - before.networkCalls)
    let span = Double(after.steps) - Double(before.steps)
    // What rounding errors add must not become a step.
    let whole = (Double(before.steps) + crossing * span - 1e-9).rounded(.up)
    guard whole > Double(before.steps), whole < Double(after.steps) else { return nil }
    let share = (whole - Double(before.steps)) / span
    steps = Int(whole)
    networkCalls = before.networkCalls + share * (after.networkCalls - before.networkCalls)
    seconds = before.seconds.median + share * (after.seconds.median - before.seconds.median)
    isMeasured = false
    isFewestTried = false
  }
}
