import Foundation
import Graph
import Testing

@testable import Weights

@Suite struct SafetensorsWriterTests {
  private typealias Tensor = SafetensorsWriter.WrittenTensor

  private func content(_ tensor: Tensor) -> [UInt8] {
    let size = tensor.shape.count * tensor.dtype.bits / 8
    return (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7 + tensor.name.utf8.count) }
  }

  private func write(_ tensors: [Tensor], to path: String, metadata: [String: String] = [:]) throws {
    try SafetensorsWriter.write(to: path, tensors: tensors, metadata: metadata) { tensor, sink in
      let bytes = content(tensor)
      let half = bytes.count / 2
      try bytes[..<half].withUnsafeBytes(sink)
      try bytes[half...].withUnsafeBytes(sink)
    }
  }

  @Test func everyDTypeComesBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    var tensors = DType.allCases.map { Tensor(name: "a.\($0.rawValue)", dtype: $0, shape: [4, 3]) }
    tensors += [
      Tensor(name: "scalar", dtype: .float32, shape: []),
      Tensor(name: "none", dtype: .float16, shape: [0, 3]),
      Tensor(name: "\"\\/\n\u{1}é🌗", dtype: .uint8, shape: [1, 1, 1, 1, 1, 1, 1, 5]),
    ]
    let metadata = ["format": "pt", "q\"": "a\\b\n", "z": ""]
    try write(tensors.shuffled(), to: path, metadata: metadata)
    let file = try Safetensors(path: path)
    #expect(file.metadata == metadata)
    #expect(file.tensors.count == tensors.count)
    for tensor in tensors {
      let stored = try #require(file.tensors[tensor.name])
      #expect(stored.dtype == tensor.dtype && stored.shape == tensor.shape)
      var bytes = [UInt8](repeating: 0, count: stored.bytes.count)
      try bytes.withUnsafeMutableBytes { try file.source.read(at: stored.bytes.lowerBound, into: $0) }
      #expect(bytes == content(tensor))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors"])
  }

  @Test func orderAndPaddingAreFixed() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try write(
      [
        Tensor(name: "b", dtype: .uint8, shape: [3]), Tensor(name: "c", dtype: .float32, shape: [1]),
        Tensor(name: "a", dtype: .int32, shape: [1]), Tensor(name: "d", dtype: .float64, shape: [1]),
      ], to: path, metadata: ["y": "2", "x": "1"])
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let text =
      #"{"__metadata__":{"x":"1","y":"2"},"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"#
      + #""a":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},"c":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"#
      + #""b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}"#
    let padded = text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    #expect(Array(bytes[8...].prefix(padded.utf8.count)) == Array(padded.utf8))
    #expect(bytes.count == 8 + padded.utf8.count + 19 && padded.utf8.count % 8 == 0)
  }

  @Test func nothingIsLeftAfterAnError() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", "old")
    struct Stop: Error {}
    let tensor = Tensor(name: "a", dtype: .float32, shape: [2])
    #expect(throws: Stop.self) {
      try SafetensorsWriter.write(to: path, tensors: [tensor]) { _, _ in throw Stop() }
    }
    for size in [0, 7, 9] {
      let error = try weightsError {
        try SafetensorsWriter.write(to: path, tensors: [tensor]) { _, sink in
          try [UInt8](repeating: 0, count: size).withUnsafeBytes(sink)
        }
      }
      #expect(error.tensor == "a" && error.reason.contains(size > 8 ? "1 bytes too many" : "too few"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.safetensors"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    #expect(throws: WeightsError.self) { try write([tensor], to: folder.path + "/none/x.safetensors") }
    try FileManager.default.createDirectory(
      atPath: folder.path + "/d.safetensors", withIntermediateDirectories: true)
    #expect(throws: WeightsError.self) { try write([tensor], to: folder.path + "/d.safetensors") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
  }

  @Test func refusesWhatNobodyCouldRead() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    for tensors in [
      [Tensor(name: "a", dtype: .uint8, shape: [1]), Tensor(name: "a", dtype: .float32, shape: [1])],
      [Tensor(name: "__metadata__", dtype: .uint8, shape: [1])],
      [Tensor(name: "a", dtype: .float4, shape: [3])],
      [Tensor(name: "a", dtype: .uint8, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1])],
      [Tensor(name: "a", dtype: .uint8, shape: [.max, 2])],
      [Tensor(name: String(repeating: "a", count: 2000), dtype: .uint8, shape: [1])],
    ] {
      #expect(try weightsError { try write(tensors, to: path) }.kind == .malformed)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }
}
