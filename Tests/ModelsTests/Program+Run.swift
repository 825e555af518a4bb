import Graph

extension Program {
  /// Runs both parts once and returns an output of `count` numbers.
  func run(_ once: [String: [Float]], _ step: [String: [Float]], output: String, count: Int) throws -> [Float]
  {
    for (name, values) in once { values.withUnsafeBufferPointer { write($0, to: name) } }
    try run(.picture)
    for (name, values) in step { values.withUnsafeBufferPointer { write($0, to: name) } }
    if !step.isEmpty { try run(.step) }
    var result = [Float](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { read(output, into: $0) }
    return result
  }
}
