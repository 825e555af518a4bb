/// The extents of a tensor, slowest axis first. The last axis is contiguous: pictures are
/// `[batch, height, width, channels]`, sequences `[batch, tokens, channels]`.
package struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
  package let dimensions: [Int]

  package init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative extent in \(dimensions)")
    self.dimensions = dimensions
  }

  package init(arrayLiteral elements: Int...) { self.init(elements) }

  package subscript(axis: Int) -> Int { dimensions[axis] }
  package var rank: Int { dimensions.count }
  package var count: Int { dimensions.reduce(1, *) }
  /// Extent of the last, contiguous axis (1 for a scalar).
  package var channels: Int { dimensions.last ?? 1 }
  /// Number of rows of `channels` elements.
  package var rows: Int { dimensions.dropLast().reduce(1, *) }
  package var description: String { "\(dimensions)" }
}
