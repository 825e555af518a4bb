/// The noise of one picture as a Brownian path over sigma: the noise between two levels depends on the levels alone,
/// not on the steps that were taken to get there, so a run with more steps refines one with fewer.
///
/// The path of torchsde's `BrownianTree` (0.2.6) as k-diffusion's `BrownianTreeNoiseSampler` uses it: the increment
/// over all levels is drawn first, then halves of it down to the asked point, each half's bridge from a seed that
/// its place determines. Points are rounded to 6 decimals.
package struct BrownianNoise: NoiseSource {
  private let seed: UInt64
  private let smallest: Double
  private let largest: Double
  private var start: any NoiseSource
  /// The path where the last step ended, which is where the next one begins.
  private var last: (point: Double, values: [Double])?

  /// - Parameters:
  ///   - smallest, largest: the levels, as sigma over alpha, between which the path is defined.
  ///   - start: what starting noise comes from.
  package init(seed: UInt64, smallest: Double, largest: Double, start: any NoiseSource) {
    precondition(smallest < largest, "a Brownian path from \(smallest) to \(largest)")
    self.seed = seed
    self.smallest = Self.rounded(smallest)
    self.largest = Self.rounded(largest)
    self.start = start
  }

  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>) { start.fill(values) }

  /// The increment of the path, scaled to unit variance; zeros where there is no way between the levels.
  package mutating func fill(_ values: UnsafeMutableBufferPointer<Float>, from: Double, to: Double) {
    let (high, low) = (position(max(from, to)), position(min(from, to)))
    guard high > low else { return values.update(repeating: 0) }
    let path = BrownianPath(seed: seed, count: values.count, smallest: smallest, largest: largest)
    let known = last.flatMap { $0.point == high && $0.values.count == values.count ? $0.values : nil }
    let upper = known ?? path.value(at: high)
    let lower = path.value(at: low)
    last = (low, lower)
    // k-diffusion goes from the noisy to the clean level, against the path's direction.
    let scale = (from > to ? -1 : 1) / abs(from - to).squareRoot()
    for index in values.indices { values[index] = Float((upper[index] - lower[index]) * scale) }
  }

  private func position(_ sigma: Double) -> Double { Self.rounded(min(max(sigma, smallest), largest)) }

  /// To 6 decimals as Python rounds: by the exact number, not by its product.
  fileprivate static func rounded(_ sigma: Double) -> Double {
    let product = sigma * 1e6
    var whole = product.rounded(.toNearestOrEven)
    if abs(product - product.rounded(.down)) == 0.5 {
      // The middle of two points often falls between two decimals but for the product's own error.
      let error = (-product).addingProduct(sigma, 1e6)
      if error != 0 { whole = product.rounded(error > 0 ? .up : .down) }
    }
    return whole / 1e6
  }
}

/// Values of one path.
private struct BrownianPath {
  let seed: UInt64
  let count: Int
  let smallest: Double
  let largest: Double

  /// The path's value at a point, 0 at the smallest level.
  func value(at point: Double) -> [Double] {
    guard point > smallest else { return [Double](repeating: 0, count: count) }
    let root = SeedSequence(entropy: seed, spawnKey: []).firstWord
    var increment = normal(root).map { $0 * (largest - smallest).squareRoot() }
    var passed = [Double](repeating: 0, count: count)
    var (low, high, key, depth) = (smallest, largest, UInt64(0), UInt64(0))
    while point < high {
      let middle = BrownianNoise.rounded((low + high) / 2)
      guard middle > low, middle < high else { break }
      let bridge = normal(SeedSequence(entropy: seed, spawnKey: [key, depth]).firstWord)
      let (left, right) = (middle - low, high - middle)
      let share = left / (high - low)
      let spread = (left * right / (high - low)).squareRoot()
      for index in 0..<count {
        let first = share * increment[index] + spread * bridge[index]
        if point >= middle {
          passed[index] += first
          increment[index] -= first
        } else {
          increment[index] = first
        }
      }
      (key, depth) = (point >= middle ? 2 * key + 1 : 2 * key, depth + 1)
      if point >= middle { low = middle } else { high = middle }
      if point == low { return passed }
    }
    for index in 0..<count { passed[index] += increment[index] }
    return passed
  }

  private func normal(_ seed: UInt32) -> [Double] {
    var source = TorchNoise(seed: UInt64(seed))
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      source.fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      filled = count
    }.map(Double.init)
  }
}
