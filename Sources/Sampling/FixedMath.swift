/// Logarithm, sine and cosine out of `+ - * /` alone, which IEEE 754 rounds alike everywhere: the same seed
/// gives the same noise on every machine. The C library's functions differ between versions and processors.
package enum FixedMath {
  /// Natural logarithm of a normal `x > 0`; relative error below 1e-14.
  package static func log(_ x: Double) -> Double {
    // x = mantissa * 2^exponent with the mantissa in [sqrt(1/2), sqrt(2)), where the series converges fast.
    var mantissa = x.significand
    var exponent = Double(x.exponent)
    if mantissa > 1.4142135623730951 {
      mantissa *= 0.5
      exponent += 1
    }
    // log m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172.
    let s = (mantissa - 1) / (mantissa + 1)
    let square = s * s
    var series = 1.0 / 19
    series = series * square + 1.0 / 17
    series = series * square + 1.0 / 15
    series = series * square + 1.0 / 13
    series = series * square + 1.0 / 11
    series = series * square + 1.0 / 9
    series = series * square + 1.0 / 7
    series = series * square + 1.0 / 5
    series = series * square + 1.0 / 3
    series = series * square + 1
    return exponent * 0.6931471805599453 + 2 * s * series
  }

  /// Sine and cosine of an angle in 0...7; absolute error below 1e-15.
  package static func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) {
    let quarter = (angle * 0.6366197723675814).rounded()
    // pi/2 in two parts: the first has few bits, so that its multiple is exact.
    let rest = (angle - quarter * 1.5707963267341256) - quarter * 6.077100506506192e-11
    let square = rest * rest
    let (sine, cosine) = (rest * sineSeries(square), cosineSeries(square))
    switch quarter {
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    case 3: return (-cosine, sine)
    default: return (sine, cosine)
    }
  }

  /// Taylor's series of `sin x / x` in `x * x`, for |x| <= pi / 4.
  private static func sineSeries(_ square: Double) -> Double {
    var series = -1.0 / 1_307_674_368_000
    series = series * square + 1.0 / 6_227_020_800
    series = series * square - 1.0 / 39_916_800
    series = series * square + 1.0 / 362_880
    series = series * square - 1.0 / 5_040
    series = series * square + 1.0 / 120
    series = series * square - 1.0 / 6
    return series * square + 1
  }

  /// Taylor's series of `cos x` in `x * x`, for |x| <= pi / 4.
  private static func cosineSeries(_ square: Double) -> Double {
    var series = 1.0 / 20_922_789_888_000
    series = series * square - 1.0 / 87_178_291_200
    series = series * square + 1.0 / 479_001_600
    series = series * square - 1.0 / 3_628_800
    series = series * square + 1.0 / 40_320
    series = series * square - 1.0 / 720
    series = series * square + 1.0 / 24
    series = series * square - 1.0 / 2
    return series * square + 1
  }
}
