extension Latents {
  /// What an error report says about latents: the spread of the finite values, and how many are not.
  package struct Statistics: Sendable, Equatable, CustomStringConvertible {
    /// Over the finite values; 0 if there is none.
    package var minimum = 0.0
    package var maximum = 0.0
    package var mean: Double = 0
    /// Unbiased (divided by n - 1), as torch's `std`.
    package var standardDeviation: Double = 0
    /// Number of values that are NaN or infinite.
    package var nonFinite = 0

    package var description: String {
      "min \(minimum), max \(maximum), mean \(mean), standard deviation \(standardDeviation), "
        + "\(nonFinite) non-finite"
    }
  }

  /// One pass in fixed order; allocates nothing.
  package var statistics: Statistics {
    values.withUnsafeBufferPointer { values in
      var result = Statistics()
      var finite = 0
      var squares = 0.0
      for value in values {
        guard value.isFinite else {
          result.nonFinite += 1
          continue
        }
        finite += 1
        result.minimum = finite == 1 ? value : min(result.minimum, value)
        result.maximum = finite == 1 ? value : max(result.maximum, value)
        // Welford's update: a large mean does not cancel the digits of the spread.
        let distance = value - result.mean
        result.mean += distance / Double(finite)
        squares += distance * (value - result.mean)
      }
      if finite > 1 { result.standardDeviation = (squares / Double(finite - 1)).squareRoot() }
      return result
    }
  }
}
