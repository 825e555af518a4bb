/// y[r, o] = Σᵢ x[r, i] W[o, i]
/// - Parameters:
///   - x: `[rows, depth]`
///   - weights: `[outputs, depth]`
func linear(_ x: [Float], _ weights: [Float], depth: Int, outputs: Int) -> [Double] {
  let rows = x.count / depth
  var result = [Double](repeating: 0, count: rows * outputs)
  x.withUnsafeBufferPointer { x in
    weights.withUnsafeBufferPointer { weights in
      for row in 0..<rows {
        for output in 0..<outputs {
          var sum = 0.0
          for i in 0..<depth { sum += Double(x[row * depth + i]) * Double(weights[output * depth + i]) }
          result[row * outputs + output] = sum
        }
      }
    }
  }
  return result
}
