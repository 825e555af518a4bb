import Foundation
import Graph
import TestSupport
import Testing

@testable import Weights

@Suite struct SafetensorsTests {
  private struct Verdict: Decodable {
    let result: String
    let tensors: [String]?
  }

  /// Where this reader is stricter than the reference: repeated names, more than eight axes.
  private static let stricter: Set = [
    "name_twice_same", "name_twice_other_shape", "name_twice_escaped", "metadata_key_twice", "rank_9",
    "rank_70",
    "dup_tensor_same", "dup_tensor_diff_shape", "dup_metadata_key", "dims_65",
  ]

  private func check(_ folder: URL) throws {
    let json = try Data(contentsOf: folder.appendingPathComponent("expected.json"))
    let expected = try JSONDecoder().decode([String: Verdict].self, from: json)
    #expect(expected.count > 100)
    for (name, verdict) in expected.sorted(by: { $0.key < $1.key }) {
      let path = folder.appendingPathComponent("\(name).safetensors").path
      let accepts = verdict.result == "accept" && !Self.stricter.contains(name)
      do {
        let file = try Safetensors(path: path)
        #expect(accepts, "\(name) was accepted; reference: \(verdict.result)")
        #expect(Set(file.tensors.keys) == Set(verdict.tensors ?? []), "\(name)")
        for (name, tensor) in file.tensors where tensor.dtype.convertsToFloat { _ = try file.floats(name) }
      } catch let error as WeightsError {
        #expect(!accepts, "\(error)")
        #expect(error.file == path && error.kind == .malformed, "\(error)")
      }
    }
  }

  @Test func agreesWithTheReferenceReader() throws { try check(Fixtures.url("safetensors_cases")) }

  /// More cases, if a folder of the same form is named in the environment.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["DARKROOM_SAFETENSORS_CASES"] != nil))
  func agreesWithTheReferenceReaderElsewhere() throws {
    let folder = try #require(ProcessInfo.processInfo.environment["DARKROOM_SAFETENSORS_CASES"])
    try check(URL(fileURLWithPath: folder))
  }

  @Test func errorsSayWhereAndWhatWasExpected() throws {
    func message(_ header: String, _ data: Int = 12) throws -> String {
      try weightsError {
        _ = try Safetensors(
          ByteSource(name: "x", bytes: file(header: header, data: [UInt8](repeating: 0, count: data))))
      }.description
    }
    #expect(try message("{x}") == "x: header, byte 9: expected '\"', found 'x'")
    let cut = #"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#
    #expect(try message(cut) == "x: tensor 'w': F32 [3] takes 12 bytes, but data_offsets [0, 8] hold 8")
    let late = #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#
    #expect(try message(late).contains("'w': begins at byte 4 of the data, expected 0"))
    let unknown = #"{"w":{"dtype":"F31","shape":[3],"data_offsets":[0,12]}}"#
    #expect(try message(unknown).contains("byte 27: unknown dtype 'F31'"))
    let control = #"{"a\u001b[2J":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#
    #expect(try message(control).contains(#"'a\u{1B}[2J'"#))
  }

  @Test func deepNestingIsRefused() throws {
    let deep =
      "{\"w\":{\"x\":" + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
      + "}}"
    let error = try weightsError { _ = try Safetensors(ByteSource(name: "x", bytes: file(header: deep))) }
    #expect(error.description.contains("nested deeper"))
  }

  /// The reference counts an extent of 0 first and then misses the overflow.
  @Test func zeroDoesNotHideAnOverflow() throws {
    let shape = "[0,4611686018427387904,4611686018427387904]"
    let header = "{\"w\":{\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":[0,0]}}"
    #expect(throws: WeightsError.self) { try Safetensors(ByteSource(name: "x", bytes: file(header: header))) }
  }

  @Test func countOfTensorsIsLimited() throws {
    let entry = Array(#"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#.utf8)
    var header = Array("{".utf8)
    for index in 0...1_000_000 { header += Array("\(index == 0 ? "" : ",")\"\(index)".utf8) + entry }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: (header.count + 1) >> ($0 * 8)) }
    let source = ByteSource(name: "x", bytes: length + header + "}".utf8)
    #expect(try weightsError { _ = try Safetensors(source) }.reason.contains("more than 1000000 tensors"))
  }

  /// Combining characters make comparing text slow, hence the limit: without it, this takes minutes.
  @Test func longNamesAreRefused() throws {
    let name = "a" + String(repeating: "\u{316}\u{301}", count: 250_000)
    let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    for header in [
      "{\"\(name)\":\(entry)}", "{\"w\":{\"dtype\":\"\(name)\"}}", "{\"__metadata__\":{\"\(name)\":\"x\"}}",
      "{\"w\":{\"\(name)\":1}}",
    ] {
      let error = try weightsError { _ = try Safetensors(ByteSource(name: "x", bytes: file(header: header))) }
      #expect(error.description.contains("a string longer than 1024 bytes"))
    }
    let text = "{\"__metadata__\":{\"x\":\"\(name)\"}}"
    #expect(
      try Safetensors(ByteSource(name: "x", bytes: file(header: text))).metadata["x"]?.utf8.count == 1_000_001
    )
  }

  @Test func mutatedFilesNeverTrap() throws {
    let metadata = #""__metadata__":{"format":"pt"}"#
    let a = #""a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}"#
    let b = #""\u0062":{"dtype":"I64","shape":[1],"data_offsets":[12,20],"x":[1.5e3,{"y":null}]}"#
    let original = file(header: "{\(metadata),\(a),\(b)}", data: (0..<20).map { $0 })
    func open(_ bytes: [UInt8]) throws -> Bool {
      do {
        let file = try Safetensors(ByteSource(name: "x", bytes: bytes))
        for (name, tensor) in file.tensors where tensor.dtype.convertsToFloat { _ = try file.floats(name) }
        return true
      } catch is WeightsError {
        return false
      }
    }
    #expect(try open(original))
    for length in original.indices { #expect(try !open(Array(original[..<length]))) }
    let interesting: [UInt8] = [
      0, 0x20, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0xC3, 0xFF,
    ]
    for position in original.indices {
      for value in (0..<8).map({ original[position] ^ (1 << $0) }) + interesting {
        var mutated = original
        mutated[position] = value
        _ = try open(mutated)
        mutated.remove(at: position)
        _ = try open(mutated)
        mutated.insert(contentsOf: [value, value], at: position)
        _ = try open(mutated)
      }
    }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var mutated = original
      for _ in 0..<Int.random(in: 2...6, using: &random) {
        mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try open(mutated)
    }
  }
}
