import Glibc

/// One number for each pixel, rows from the top.
package struct Plane: Sendable, Equatable {
  package let width: Int
  package let height: Int
  package let values: [Float]

  package init(width: Int, height: Int, values: [Float]) {
    precondition(values.count == width * height, "\(values.count) numbers for \(width)x\(height) pixels")
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// Changes rows, then columns.
  package func along(_ change: ([Float]) -> [Float]) -> Plane {
    let rows = (0..<height).map { change(Array(values[($0 * width)..<(($0 + 1) * width)])) }
    var result = values
    for column in 0..<width {
      for (row, value) in change(rows.map { $0[column] }).enumerated() {
        result[row * width + column] = value
      }
    }
    return Plane(width: width, height: height, values: result)
  }

  /// By a Gauss curve; beyond its edges the plane goes on as it ends.
  package func blurred(deviation: Double) -> Plane {
    let reach = Int((3 * deviation).rounded(.up))
    let weights = (-reach...reach).map { Float(exp(-Double($0 * $0) / (2 * deviation * deviation))) }
    let total = weights.reduce(0, +)
    return along { line in
      line.indices.map { index in
        var sum: Float = 0
        for (offset, weight) in zip(-reach...reach, weights) {
          sum += weight * line[min(max(index + offset, 0), line.count - 1)]
        }
        return sum / total
      }
    }
  }
}
