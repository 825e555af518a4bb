/// How the weights of a network lie in memory once they are packed: matrices and tables. Numbers of each channel, such as
/// biases, are few and always float32.
///
/// It is a choice apart from how values are stored; each backend says which go together (`Backend.weightFormats`).
public enum WeightFormat: String, Codable, Sendable, CaseIterable {
  case float32
  case float16
  case bfloat16

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
    }
  }
}
