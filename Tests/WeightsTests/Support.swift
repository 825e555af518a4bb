import Foundation
import Graph
import Testing

@testable import Weights

/// A new folder that is removed with its contents when the test is over.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/weights-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, making folders as needed, and returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }
}

/// A safetensors file of F32 tensors that count up from 0, each one.
func safetensors(_ shapes: [(String, [Int])]) -> [UInt8] {
  var members: [String] = []
  var data: [UInt8] = []
  for (name, shape) in shapes {
    let begin = data.count
    for value in 0..<shape.reduce(1, *) {
      withUnsafeBytes(of: Float(value)) { data += $0 }
    }
    members.append(
      "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(data.count)]}")
  }
  return file(header: "{\(members.joined(separator: ","))}", data: data)
}

func file(header: String, data: [UInt8] = []) -> [UInt8] {
  let text = Array(header.utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
}

func checkpoint(_ shapes: [(String, [Int])], part: ModelPart? = nil) throws -> Checkpoint {
  try Checkpoint(ByteSource(name: "memory", bytes: safetensors(shapes)), part: part)
}

extension Safetensors {
  /// All elements of a tensor.
  func floats(_ name: String) throws -> [Float] {
    let tensor = try #require(tensors[name])
    var values = [Float](repeating: -1, count: tensor.shape.count)
    try values.withUnsafeMutableBufferPointer {
      try read(tensor, named: name, elements: 0..<$0.count, into: $0)
    }
    return values
  }
}

extension Parameter {
  func floats() throws -> [Float] {
    var values = [Float](repeating: -1, count: count)
    try values.withUnsafeMutableBufferPointer { try read(into: $0) }
    return values
  }
}

/// The error that `body` must throw.
func weightsError(_ body: () throws -> Void) throws -> WeightsError {
  do {
    try body()
  } catch let error as WeightsError {
    return error
  }
  Issue.record("nothing was thrown")
  throw CancellationError()
}
