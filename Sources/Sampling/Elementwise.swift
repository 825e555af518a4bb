/// The loops over buffers that latents, predictions and guidance share. None allocates.
enum Elementwise {
  /// `values = factor * values`.
  static func scale<Number: BinaryFloatingPoint>(
    _ values: UnsafeMutableBufferPointer<Number>, by factor: Number
  ) {
    for index in values.indices { values[index] *= factor }
  }

  /// `target = own * target + factor * other`.
  static func combine(
    _ target: UnsafeMutableBufferPointer<Double>, _ own: Double, adding factor: Double,
    of other: UnsafeBufferPointer<Double>
  ) {
    precondition(target.count == other.count, "\(target.count) numbers and \(other.count)")
    for index in target.indices { target[index] = own * target[index] + factor * other[index] }
  }

  /// Unbiased standard deviation (divided by n - 1), as torch's `std`; 0 for fewer than two values.
  static func standardDeviation(_ values: UnsafeBufferPointer<Float>) -> Double {
    guard values.count > 1 else { return 0 }
    var sum = 0.0
    for value in values { sum += Double(value) }
    let mean = sum / Double(values.count)
    var squares = 0.0
    for value in values { squares += (Double(value) - mean) * (Double(value) - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
