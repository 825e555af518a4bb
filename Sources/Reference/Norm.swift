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

/// The same with mean and variance of each row over its channels. Ba, Kiros and Hinton, "Layer
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
