/// How the weights of a network lie in memory once they are packed: matrices and tables. Numbers of each channel, such
/// as biases, are few and always float32.
///
/// It is a choice apart from how values are stored; each backend says which go together (`Backend.weightFormats`).
public enum WeightFormat: String, Codable, Sendable, CaseIterable {
  case float32
  case float16
  case bfloat16
  /// Matrices of layers that stand it (`Graph.eightBitLayers`) in 8 bits, with a scale for each row; their inputs are
  /// brought to 8 bits as well, each row by a scale of its own. All else is as values are.
  case int8

  /// The one whose numbers are those of values.
  package init(matching values: Storage) {
    switch values {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }

  /// Bytes of a matrix, without what a backend adds to fill its tiles.
  package func bytes(rows: Int, columns: Int) -> Int {
    switch self {
    case .float32: 4 * rows * columns
    case .float16, .bfloat16: 2 * rows * columns
    case .int8: rows * columns
    }
  }
}

/// How a network's numbers are stored: its values, and its weights.
package struct NumberFormat: Sendable, Hashable {
  package let values: Storage
  package let weights: WeightFormat

  /// - Parameter weights: nil for as values are.
  package init(_ values: Storage, weights: WeightFormat? = nil) {
    (self.values, self.weights) = (values, weights ?? WeightFormat(matching: values))
  }

  package static let float32 = NumberFormat(.float32)

  /// The word for it: that of the precision.
  package var name: String { weights.rawValue }
}
