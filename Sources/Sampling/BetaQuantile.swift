import Glibc

/// The quantile function of the symmetric beta distribution Beta(shape, shape): the x with P(X ≤ x) = share.
///
/// By bisection on the regularised incomplete beta function, whose continued fraction is that of Abramowitz and
/// Stegun, 26.5.8; absolute error below 1e-14.
func symmetricBetaQuantile(_ share: Double, shape: Double) -> Double {
  guard share > 0 else { return 0 }
  guard share < 1 else { return 1 }
  if share == 0.5 { return 0.5 }
  // Symmetric, and the fraction converges fast in the lower half.
  if share > 0.5 { return 1 - symmetricBetaQuantile(1 - share, shape: shape) }
  var (low, high) = (0.0, 0.5)
  for _ in 0..<60 {
    let middle = (low + high) / 2
    if lowerBetaShare(middle, shape) < share { low = middle } else { high = middle }
  }
  return (low + high) / 2
}

/// P(X ≤ x) for x up to 1/2.
private func lowerBetaShare(_ x: Double, _ a: Double) -> Double {
  guard x > 0 else { return 0 }
  let scale = exp(lgamma(2 * a) - 2 * lgamma(a) + a * log(x) + a * log1p(-x)) / a
  // The fraction 1 / (1 + d1 / (1 + d2 / …)) from its end.
  var fraction = 1.0
  for m in (1...60).reversed() {
    let n = Double(m)
    let even = n * (a - n) * x / ((a + 2 * n - 1) * (a + 2 * n))
    let odd = -(a + n - 1) * (2 * a + n - 1) * x / ((a + 2 * n - 2) * (a + 2 * n - 1))
    fraction = 1 + odd / (1 + even / fraction)
  }
  return scale / fraction
}
