import Foundation
import Graph
import TestSupport
import Weights

/// The tensors of a golden file.
struct Golden {
  private let file: Safetensors

  init(_ name: String) throws { file = try Safetensors(path: Fixtures.url(name).path) }

  func tensor(_ name: String) throws -> ([Float], Shape) {
    guard let tensor = file.tensors[name] else { throw MissingGolden(name: name) }
    var values = [Float](repeating: 0, count: tensor.shape.count)
    try values.withUnsafeMutableBufferPointer {
      try file.read(tensor, named: name, elements: 0..<$0.count, into: $0)
    }
    return (values, tensor.shape)
  }
}

struct MissingGolden: Error { let name: String }

func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
}

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
