/// How a plan saves memory where values are large: runs of nodes work in strips of rows, so that most values never exist
/// as a whole.
///
/// **Why.** An autoencoder's values are as large as the picture times 128 to 512 channels, and three of them are alive
/// at once. Its weights and its final picture are small beside them. So the peak of memory is a matter of how many
/// whole values there are, and the picture's size would be bounded by it.
///
/// **What is cut.** A convolution's row needs three rows of its input, an elementwise op's row needs one, and an
/// upsampled row needs half of one (`Op+Rows.swift` has these facts). Consecutive nodes of this kind are a *run*
/// (`StripRun`). A node that needs all rows, such as attention, ends the run and works on whole values.
///
/// **Why a run has passes.** A group norm is such a node too, but half of it only: its mean and variance are of all
/// rows, while applying them takes a row at a time. So the run is cut where a norm looks at a value. A *pass* makes one
/// such value strip by strip: for each strip, all nodes from the nearest whole values up to the target, for as many
/// rows as the strip's rows depend on, and then `groupNormStatistics` of these rows. The next pass applies the norm by
/// `groupNormApply`, which merges the statistics of all strips.
///
///     x → norm₁ → conv₁ → y → norm₂ → conv₂ → z
///
///     pass    makes                  measures    has beside them
///     1                              x
///     2       y = conv₁(norm₁(x))    y           a strip of norm₁(x)
///     3       z = conv₂(norm₂(y))                a strip of norm₂(y)
///
/// Where a network has no norms, a strip would depend on as many rows as all of its convolutions see. So a model may mark
/// values (`Tensor.kept`), which then are targets of passes too.
///
/// **What is alive.** A value that a pass makes on the way, a *passing* value, has room for one strip, which all strips
/// of the pass share. The target is *kept* as a whole for the passes after it, or, to save more, is *recomputed*: it is
/// measured and forgotten, and each pass that reads it makes it again from the nearest kept values. A target that
/// replaces its input may lie over it, a few rows shifted (`InPlaceReuse`).
///
/// **What it costs.** Strips that keep all targets compute the rows at their edges twice, which is next to nothing.
/// Recomputing multiplies operations. `StripSearch` finds the cheapest plan that fits in a number of bytes.
///
/// **What stays the same.** Each row is computed by the same kernel from the same numbers. Pictures are the same number
/// for number, but for the rounding of the merged statistics.
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
  /// - Parameters:
  ///   - keep: values that must exist as a whole, the graph's outputs.
  ///   - marked: those that had better do.
  mutating func append(_ nodes: [Node], in strips: Strips?, keep: [Int], marked: Set<Int>) {
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
        append(StripRun(nodes[index..<end], leaving: Set(later + keep), marked: marked, strips))
        index = end
      }
    }
  }

  private mutating func append(_ run: StripRun) {
    var run = run
    optional += run.optional
    for operand in run.given { run.measure(operand, in: &self) }
    for index in run.nodes.indices {
      let value = run.nodes[index].output
      if run.isKept(value) || run.looks[value] != nil { run.make(index, in: &self) }
    }
  }
}
