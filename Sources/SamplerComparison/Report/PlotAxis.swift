import Glibc

/// A scale from values to 0...1 with the places that are labelled.
struct PlotAxis {
  struct Tick: Equatable {
    let value: Double
    let label: String
  }

  let isLogarithmic: Bool
  let low: Double
  let high: Double
  let ticks: [Tick]

  /// Of powers of ten and, where there are few, their doubles and halves.
  /// - Parameter values: those from 1e-30 to 1e30 count; without any the axis runs from 1 to 10.
  static func logarithmic(_ values: [Double]) -> PlotAxis {
    let usable = values.filter { (1e-30...1e30).contains($0) }
    let (least, most) = (usable.min() ?? 1, usable.max() ?? 10)
    // A little air at both ends, and never an empty span.
    let air = pow(most / least, 0.05) * 1.08
    let (low, high) = (least / air, most * air)
    let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    let decades = log10(high / low)
    let mantissas: [Double] = decades > 3 ? [1] : decades > 0.7 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8]
    let stride = max(1, Int(decades / 8))
    let ticks = exponents.filter { $0 % stride == 0 }.flatMap { exponent in
      mantissas.map { Tick(value: $0 * pow(10, Double(exponent)), label: label($0, exponent)) }
    }
    return PlotAxis(
      isLogarithmic: true, low: low, high: high,
      ticks: ticks.filter { ($0.value >= low) && ($0.value <= high) })
  }

  /// From one round number to another, both labelled.
  static func linear(_ values: [Double]) -> PlotAxis {
    let usable = values.filter { abs($0) < 1e12 }
    let (least, most) = (usable.min() ?? 0, usable.max() ?? 1)
    let step = roundStep((most - least) / 6)
    let first = (least / step).rounded(.down)
    let last = max(first + 1, (most / step).rounded(.up))
    let ticks = stride(from: first, through: last, by: 1).map { count in
      Tick(value: count * step, label: Numbers.fixed(count * step, step < 1 ? 1 : 0))
    }
    return PlotAxis(isLogarithmic: false, low: first * step, high: last * step, ticks: ticks)
  }

  /// 0 at the low end, 1 at the high one; nil for what lies outside.
  func place(_ value: Double) -> Double? {
    guard value >= low, value <= high else { return nil }
    return isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
  }

  private static func roundStep(_ step: Double) -> Double {
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].first { $0 >= step } ?? pow(10, log10(step).rounded(.up))
  }

  /// In plain digits as long as these are few.
  private static func label(_ mantissa: Double, _ exponent: Int) -> String {
    let digits = Numbers.plain(mantissa)
    guard (-4...5).contains(exponent) else { return "\(digits)e\(exponent)" }
    let value = mantissa * pow(10, Double(exponent))
    let decimals = max(0, -exponent + (mantissa == mantissa.rounded() ? 0 : 1))
    return Numbers.fixed(value, exponent > 0 ? 0 : decimals)
  }
}
