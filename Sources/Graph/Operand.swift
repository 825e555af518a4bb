/// How often a value changes while a picture is made. A node changes as often as its fastest input.
package enum Rate: Int, Sendable, Comparable {
  /// Once per picture: prompt conditioning and all that depends on it alone.
  case picture
  /// With each sampling step.
  case step

  package static func < (a: Rate, b: Rate) -> Bool { a.rawValue < b.rawValue }
}

/// A view of a value: all its rows, or consecutive ones in a plan that works in strips, and a range of its last axis.
/// Reading a slice costs nothing.
package struct Operand: Sendable, Hashable {
  /// Index of the value in its graph.
  package let value: Int
  package let shape: Shape
  /// The first element.
  package let offset: Int
  /// Elements from one row to the next.
  package let rowStride: Int

  package init(value: Int, shape: Shape, offset: Int = 0, rowStride: Int? = nil) {
    self.value = value
    self.shape = shape
    self.offset = offset
    self.rowStride = rowStride ?? shape.channels
  }

  /// Whether this is the value as it was made, not a slice of it.
  package var isWhole: Bool { offset == 0 && rowStride == shape.channels }
}
