import Graph

/// Row r of the result is row r of each part, one after the other.
func concat(_ parts: [[Float]], channels: [Int]) -> [Double] {
  var result: [Double] = []
  for row in 0..<(parts[0].count / channels[0]) {
    for (part, count) in zip(parts, channels) {
      result += part[(row * count)..<((row + 1) * count)].map { Double($0) }
    }
  }
  return result
}

/// y[b, i, j] = x[b, ⌊i · height / newHeight⌋, ⌊j · width / newWidth⌋], in whole numbers.
/// - Parameters:
///   - x: `[batch, height, width, channels]`, the extents of `from`
///   - to: `[batch, newHeight, newWidth, channels]`
func upsample(_ x: [Float], _ from: Shape, to: Shape) -> [Double] {
  var result: [Double] = []
  for pixel in 0..<to.rows {
    let picture = pixel / (to[1] * to[2]), row = pixel / to[2] % to[1], column = pixel % to[2]
    let source = (picture * from[1] + row * from[1] / to[1]) * from[2] + column * from[2] / to[2]
    result += x[(source * from[3])..<((source + 1) * from[3])].map { Double($0) }
  }
  return result
}

/// y[b, t] = table[ids[b, t]] + positions[t]. An id outside the table gives a row of NaN.
/// - Parameters:
///   - ids: `[batch, tokens]`, whole numbers
///   - table: `[entries, width]`
///   - positions: `[at least tokens, width]`
func embedding(_ ids: [Float], tokens: Int, table: [Float], positions: [Float]?, width: Int) -> [Double] {
  var result: [Double] = []
  let entries = Float(table.count / width)
  for (index, id) in ids.enumerated() {
    for i in 0..<width {
      let entry = id >= 0 && id < entries ? Double(table[Int(id) * width + i]) : .nan
      result.append(entry + Double(positions?[index % tokens * width + i] ?? 0))
    }
  }
  return result
}
