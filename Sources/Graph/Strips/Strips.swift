/// How a plan saves memory where values are large: runs of nodes that need no more than a few rows around those that
/// they make work in strips of rows, so that most values never exist as a whole.
///
/// A group norm needs the statistics of all rows first. So the run is cut into passes: each makes one value strip by
/// strip and takes its statistics, or keeps it for the passes after it, or both. The result is the same number for
/// number, but for the rounding of those statistics.
package struct Strips: Sendable, Hashable {
  /// Strips of each pass at most: none is lower than `leastRows`.
  package let count: Int
  /// Values that are not kept: each pass that needs one makes it again, from the nearest that are kept.
  package let recomputed: Set<Int>

  package static let leastRows = 4

  package init(count: Int, recomputed: Set<Int> = []) {
    precondition(count > 0)
    self.count = count
    self.recomputed = recomputed
  }

  /// Rows of each strip of a value but the last.
  func rows(height: Int, multipleOf factor: Int) -> Int {
    let rows = max(Strips.leastRows, (height + count - 1) / count)
    return (rows + factor - 1) / factor * factor
  }
}

extension PlanBuilder {
  /// The nodes one after the other, runs of them in strips if there are any.
  /// - Parameter keep: values that must exist as a whole, the graph's outputs.
  mutating func append(_ nodes: [Node], in strips: Strips?, keep: [Int]) {
    guard let strips else {
      for node in nodes { append(node) }
      return
    }
    var index = 0
    while index < nodes.count {
      var end = index
      while end < nodes.count, nodes[end].rate == nodes[index].rate, nodes[end].worksOnRows(shapes) {
        end += 1
      }
      if end == index {
        append(nodes[index])
        index += 1
      } else {
        let later = nodes[end...].flatMap(\.operands).map(\.value)
        append(StripRun(nodes[index..<end], leaving: Set(later + keep), strips))
        index = end
      }
    }
  }

  private mutating func append(_ run: StripRun) {
    var run = run
    optional += run.optional
    for operand in run.given { run.measure(operand, in: &self) }
    for node in run.nodes where run.isKept(node.output) || run.looks[node.output] != nil {
      run.make(node, in: &self)
    }
  }
}

extension Node {
  /// Whether rows of the result need but some rows of the operands, all in one picture.
  fileprivate func worksOnRows(_ shapes: [Shape]) -> Bool {
    let result = shapes[output]
    func hasSize(_ operand: Operand) -> Bool {
      operand.shape.rank == 4 && operand.shape[0] == 1 && operand.shape[1] == result[1]
        && operand.shape[2] == result[2]
    }
    // A value that is read as a picture of another size has other rows.
    let isCutAlike = operands.allSatisfy { operand in
      let whole = shapes[operand.value]
      return operand.shape.rank != 4 || whole.rank != 4
        || whole.dimensions.dropLast() == operand.shape.dimensions.dropLast()
    }
    guard result.rank == 4, result[0] == 1, result.count > 0, isCutAlike,
      (epilogue.residuals + [epilogue.gate].compactMap { $0 }).allSatisfy(hasSize)
    else { return false }
    let source = inputs[0].shape
    switch op {
    case .conv2d(_, let window):
      return window.padTop < window.kernel && (result[1] - 1) * window.stride - window.padTop < source[1]
    case .upsample: return source[0] == 1 && result[1] % source[1] == 0
    case .linear, .groupNorm, .activation, .concat, .multiply: return inputs.allSatisfy(hasSize)
    case .add: return hasSize(inputs[0]) && (hasSize(inputs[1]) || inputs[1].shape.rank == 2)
    default: return false
    }
  }

  /// How many rows of the result come from the same rows of the operand.
  func rowFactor(_ shapes: [Shape]) -> Int {
    if case .upsample = op { shapes[output][1] / inputs[0].shape[1] } else { 1 }
  }

  /// The rows of the first operand that rows of the result are made of.
  func sourceRows(_ rows: Range<Int>, _ shapes: [Shape]) -> Range<Int> {
    switch op {
    case .conv2d(_, let window):
      let first = rows.lowerBound * window.stride - window.padTop
      let last = (rows.upperBound - 1) * window.stride - window.padTop + window.kernel
      return max(0, first)..<min(last, inputs[0].shape[1])
    case .upsample:
      let factor = rowFactor(shapes)
      return rows.lowerBound / factor..<(rows.upperBound + factor - 1) / factor
    default: return rows
    }
  }
}
