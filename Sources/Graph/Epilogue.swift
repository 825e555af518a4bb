/// Elementwise work that a producer does on its result before storing it, in this order: bias, per-channel
/// vector, activation, gate, residuals.
package struct Epilogue: Sendable, Hashable {
  /// One entry per part of the weight, `[outputs]` in all; empty when there is none.
  package var bias: [Parameter] = []
  /// `[batch or 1, channels]`, added to all pixels of a picture.
  package var vector: Operand?
  package var activation: Activation?
  /// A factor of the result's shape.
  package var gate: Operand?
  /// At most two summands of the result's shape.
  package var residuals: [Operand] = []

  package init(bias: [Parameter] = []) { self.bias = bias }

  /// The values that the epilogue reads.
  package var operands: [Operand] {
    // Planning asks each node of many plans: most have no more, and get no new array.
    vector == nil && gate == nil ? residuals : [vector, gate].compactMap { $0 } + residuals
  }

  /// Appends an elementwise op with its other operand, if the order allows it here.
  mutating func append(_ op: Op, _ other: Operand?, broadcasts: Bool) -> Bool {
    switch (op, other) {
    // Slopes lie where a backend has room for a vector.
    case (.activation(let function), nil)
    where activation == nil && gate == nil && residuals.isEmpty && (function.slopes == nil || vector == nil):
      activation = function
    case (.add, let other?)
    where broadcasts && vector == nil && activation == nil && gate == nil && residuals.isEmpty:
      vector = other
    case (.add, let other?) where !broadcasts && residuals.count < 2:
      residuals.append(other)
    case (.multiply, let other?) where gate == nil && residuals.isEmpty:
      gate = other
    default:
      return false
    }
    return true
  }
}
