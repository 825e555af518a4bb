import Foundation
import Graph
import Weights

/// The tensors of a golden file.
package struct Golden {
  private let file: Safetensors

  /// - Parameter name: a file below `Tests/Fixtures`.
  package init(_ name: String) throws { try self.init(path: Fixtures.url(name).path) }

  package init(path: String) throws { file = try Safetensors(path: path) }

  package func has(_ name: String) -> Bool { file.tensors[name] != nil }

  package func tensor(_ name: String) throws -> ([Float], Shape) {
    guard let tensor = file.tensors[name] else { throw MissingGolden(name: name) }
    var values = [Float](repeating: 0, count: tensor.shape.count)
    try values.withUnsafeMutableBufferPointer {
      try file.read(tensor, named: name, elements: 0..<$0.count, into: $0)
    }
    return (values, tensor.shape)
  }
}

package struct MissingGolden: Error {
  let name: String

  package init(name: String) { self.name = name }
}

/// The largest absolute difference; infinite where one is not a number or the counts differ.
package func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
}
