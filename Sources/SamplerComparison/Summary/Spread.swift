/// The median of a few measurements and the quartiles around it.
package struct Spread: Sendable, Equatable {
  package let median: Double
  package let lowerQuartile: Double
  package let upperQuartile: Double

  /// Between two measurements a quantile is interpolated linearly.
  /// - Returns: nil without a measurement.
  package init?(_ measurements: [Double]) {
    guard !measurements.isEmpty else { return nil }
    let sorted = measurements.sorted()
    func quantile(_ fraction: Double) -> Double {
      let place = fraction * Double(sorted.count - 1)
      let below = Int(place)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
    median = quantile(0.5)
    lowerQuartile = quantile(0.25)
    upperQuartile = quantile(0.75)
  }
}
