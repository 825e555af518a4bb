import Glibc
import Graph

/// y[b, i, h] = Σⱼ pⱼ v[b, j, h] with p = softmax over j of (scale · q[b, i, h] · k[b, j, h]), where head h has
/// the channels h·size ..< (h + 1)·size. Causal: j ≤ i alone. Vaswani et al., "Attention Is All You Need",
/// 2017, section 3.2.
/// - Parameters:
///   - queries: `[batch, queries, heads x size]`, the extents of `shape`
///   - keys, values: `[batch, keys, heads x size]`, the extents of `keyShape`
func attention(
  _ queries: [Float], _ shape: Shape, keys: [Float], values: [Float], _ keyShape: Shape,
  _ options: AttentionOptions
) -> [Double] {
  let channels = shape[2], size = channels / options.heads
  var result = [Double](repeating: 0, count: shape.count)
  for row in 0..<shape.rows {
    let picture = row / shape[1], token = row % shape[1]
    let visible = options.causal ? min(token + 1, keyShape[1]) : keyShape[1]
    for head in 0..<options.heads {
      let start = row * channels + head * size
      // Where this head's part of key or value j begins.
      let others = (0..<visible).map { (picture * keyShape[1] + $0) * channels + head * size }
      var weights = others.map { Double(options.scale) * dot(queries, start, keys, $0, size) }
      softmax(&weights)
      for (weight, other) in zip(weights, others) {
        for i in 0..<size { result[start + i] += weight * Double(values[other + i]) }
      }
    }
  }
  return result
}

/// Σᵢ a[from + i] b[other + i]
private func dot(_ a: [Float], _ from: Int, _ b: [Float], _ other: Int, _ count: Int) -> Double {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var sum = 0.0
      for i in 0..<count { sum += Double(a[from + i]) * Double(b[other + i]) }
      return sum
    }
  }
}

/// exp(sⱼ − m) / Σ exp(s − m), m the largest score. A score that is not a number makes all of them so.
private func softmax(_ scores: inout [Double]) {
  let highest = scores.max() ?? 0
  for i in scores.indices { scores[i] = exp(scores[i] - highest) }
  let sum = scores.reduce(0, +)
  for i in scores.indices { scores[i] /= sum }
}
