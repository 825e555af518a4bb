import Graph

/// The numbers of an `Affine`: `[channels]` each.
struct ScaleAndShift {
  let weight: [Float]
  let bias: [Float]
  let epsilon: Double
}

/// y = (x − mean) / √(variance + ε) · weight[c] + bias[c], where mean and variance (divided by the count, not
/// by the count less one) are over all pixels of a picture and the channels of c's group. Channels of a
/// group are neighbours. Wu and He, "Group Normalization", 2018.
func groupNorm(_ x: [Float], _ shape: Shape, groups: Int, _ affine: ScaleAndShift) -> [Double] {
  let channels = shape.channels, size = channels / groups, pixels = shape.rows / shape[0]
  var result = [Double](repeating: 0, count: x.count)
  for picture in 0..<shape[0] {
    for group in 0..<groups {
      let indices = (0..<(pixels * size)).map { i in
        (picture * pixels + i / size) * channels + group * size + i % size
      }
      normalize(x, indices, channels: channels, affine, into: &result)
    }
  }
  return result
}

/// Of each group of one picture's rows the mean and the sum of squared differences from it.
func groupNormStatistics(_ x: [Float], _ shape: Shape, groups: Int) -> [Double] {
  let size = shape.channels / groups
  return (0..<groups).flatMap { group in
    let numbers = (0..<shape.rows).flatMap { row in
      (0..<size).map { Double(x[row * shape.channels + group * size + $0]) }
    }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    return [mean, numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }]
  }
}

/// Rows of a picture as `groupNorm` has them, by the statistics of all strips: M = Σ nₛmₛ / Σ nₛ and
/// variance = Σ (Sₛ + nₛ(mₛ − M)²) / Σ nₛ for strips s of nₛ numbers with mean mₛ and sum of squares Sₛ.
func groupNormApply(
  _ x: [Float], channels: Int, groups: Int, _ statistics: [Float], _ cut: Cut, _ affine: ScaleAndShift
) -> [Double] {
  let size = channels / groups
  var result = [Double](repeating: 0, count: x.count)
  for group in 0..<groups {
    let strips = (0..<cut.strips).map { strip in
      let pixels = min(cut.stripPixels, cut.pixels - strip * cut.stripPixels)
      let at = 2 * (strip * groups + group)
      return (
        count: Double(pixels * size), mean: Double(statistics[at]), squares: Double(statistics[at + 1])
      )
    }
    let count = Double(cut.pixels * size)
    let mean = strips.reduce(0) { $0 + $1.count * $1.mean } / count
    let squares = strips.reduce(0) { $0 + $1.squares + $1.count * ($1.mean - mean) * ($1.mean - mean) }
    let inverse = 1 / (squares / count + affine.epsilon).squareRoot()
    for row in 0..<(x.count / channels) {
      for channel in group * size..<(group + 1) * size {
        let i = row * channels + channel
        result[i] =
          (Double(x[i]) - mean) * inverse * Double(affine.weight[channel]) + Double(affine.bias[channel])
      }
    }
  }
  return result
}

/// Normalised with mean and variance of each row over its channels. Ba, Kiros and Hinton, "Layer
/// Normalization", 2016.
func layerNorm(_ x: [Float], _ shape: Shape, _ affine: ScaleAndShift) -> [Double] {
  var result = [Double](repeating: 0, count: x.count)
  for row in 0..<shape.rows {
    let indices = Array((row * shape.channels)..<((row + 1) * shape.channels))
    normalize(x, indices, channels: shape.channels, affine, into: &result)
  }
  return result
}

/// Normalises the elements at `indices` with their common mean and variance.
private func normalize(
  _ x: [Float], _ indices: [Int], channels: Int, _ affine: ScaleAndShift, into result: inout [Double]
) {
  let count = Double(indices.count)
  let mean = indices.reduce(0) { $0 + Double(x[$1]) } / count
  let variance = indices.reduce(0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / count
  let inverse = 1 / (variance + affine.epsilon).squareRoot()
  for i in indices {
    let channel = i % channels
    result[i] =
      (Double(x[i]) - mean) * inverse * Double(affine.weight[channel]) + Double(affine.bias[channel])
  }
}
