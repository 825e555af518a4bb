/// How numbers are rounded on the way: programs that compute in single precision have other last digits, and with them
/// other Brownian paths.
enum Precision: Sendable {
  case double
  case single

  /// One operation's result.
  func callAsFunction(_ value: Double) -> Double { self == .single ? Double(Float(value)) : value }

  /// Evenly spaced numbers with both ends, the start alone for one: `torch.linspace`, which counts from both ends to the
  /// middle.
  func spaced(from start: Double, to end: Double, _ count: Int) -> [Double] {
    guard count > 1 else { return [self(start)] }
    let (start, end) = (self(start), self(end))
    let step = self(self(end - start) / Double(count - 1))
    return (0..<count).map {
      $0 < count / 2
        ? self(start + self(step * Double($0))) : self(end - self(step * Double(count - 1 - $0)))
    }
  }
}
