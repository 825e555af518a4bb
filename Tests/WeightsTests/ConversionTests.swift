import Foundation
import Graph
import TestSupport
import Testing

@testable import Weights

@Suite struct ConversionTests {
  /// Equal values, or both NaN; and zeros of equal sign.
  private func areSame(_ a: Float, _ b: Float) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
  }

  @Test func everyDTypeAsTorchAndNumPyConvertIt() throws {
    let file = try Safetensors(path: Fixtures.url("weights/conversions.safetensors").path)
    for dtype in DType.allCases where dtype.convertsToFloat {
      let values = try file.floats(dtype.rawValue)
      let expected = try file.floats(dtype.rawValue + ".float")
      #expect(values.count == expected.count && !values.isEmpty)
      for (value, expected) in zip(values, expected) where !areSame(value, expected) {
        Issue.record("\(dtype.rawValue): \(value), expected \(expected)")
      }
    }
  }

  @Test func everyFloat16() throws {
    var data: [UInt8] = []
    for bits in UInt16.min...UInt16.max { data += [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)] }
    // One element more than a multiple of the vector's length, so that the rest of the loop runs too.
    data += [0x01, 0x00]
    let header = #"{"w":{"dtype":"F16","shape":[65537],"data_offsets":[0,131074]}}"#
    let file = try Safetensors(ByteSource(name: "x", bytes: file(header: header, data: data)))
    let values = try file.floats("w")
    for bits in UInt16.min...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      if !areSame(values[Int(bits)], expected) {
        Issue.record("\(bits): \(values[Int(bits)]), expected \(expected)")
      }
    }
    #expect(values.last == 0x1p-24)
  }

  /// Ranges that begin and end anywhere, over several chunks, at an unaligned place in the file.
  @Test func partsOfTensors() throws {
    let count = 300_001
    var data: [UInt8] = [0]
    for value in 0..<count {
      let bits = Float16(value % 2048).bitPattern
      data += [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
    }
    let header =
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
      + #""w":{"dtype":"F16","shape":[\#(count)],"data_offsets":[1,\#(1 + 2 * count)]}}"#
    let file = try Safetensors(ByteSource(name: "x", bytes: file(header: header, data: data)))
    let tensor = try #require(file.tensors["w"])
    for range in [0..<0, 0..<1, 17..<300_000, 131_071..<131_073, 5..<262_150, 300_000..<300_001] {
      var values = [Float](repeating: -1, count: range.count)
      try values.withUnsafeMutableBufferPointer {
        try file.read(tensor, named: "w", elements: range, into: $0)
      }
      #expect(values == range.map { Float($0 % 2048) })
    }
  }

  @Test func otherDTypesAreNamedAndRefused() throws {
    let others = DType.allCases.filter { !$0.convertsToFloat }
    #expect(others.count == 7)
    for dtype in others {
      let size = dtype.bits / 2
      let header = #"{"w":{"dtype":"\#(dtype.rawValue)","shape":[4],"data_offsets":[0,\#(size)]}}"#
      let bytes = file(header: header, data: [UInt8](repeating: 0, count: size))
      let file = try Safetensors(ByteSource(name: "x", bytes: bytes))
      let error = try weightsError { _ = try file.floats("w") }
      #expect(error.kind == .unsupported && error.tensor == "w")
      #expect(error.reason.contains("dtype \(dtype.rawValue) cannot"))
    }
  }

  /// A measurement for a developer, not a test: `DARKROOM_MEASURE=1 swift test …`.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DARKROOM_MEASURE"] != nil))
  func speed() throws {
    let count = 1 << 24
    for dtype in [DType.float16, .bfloat16, .float8E4M3, .float64, .int64] {
      let size = count * dtype.bits / 8
      let folder = try TemporaryFolder()
      let header = #"{"w":{"dtype":"\#(dtype.rawValue)","shape":[\#(count)],"data_offsets":[0,\#(size)]}}"#
      let path = try folder.write("x", file(header: header, data: [UInt8](repeating: 0, count: size)))
      let file = try Safetensors(path: path)
      let tensor = try #require(file.tensors["w"])
      var values = [Float](repeating: 0, count: count)
      let clock = ContinuousClock()
      let times = try (0..<5).map { _ in
        try clock.measure {
          try values.withUnsafeMutableBufferPointer {
            try file.read(tensor, named: "w", elements: 0..<count, into: $0)
          }
        }
      }
      let seconds = (times.min() ?? .zero) / .seconds(1)
      print(dtype.rawValue, String(format: "%.2f GB/s of output", Double(count) * 4e-9 / seconds))
    }
  }
}
