import Foundation
import Graph
import Testing

@testable import Weights

@Suite struct ByteSourceTests {
  private func bytes(_ source: ByteSource, _ range: Range<Int>) throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: range.count)
    try result.withUnsafeMutableBytes { try source.read(at: range.lowerBound, into: $0) }
    return result
  }

  @Test func readsFileAndMemoryAlike() throws {
    let folder = try TemporaryFolder()
    let content: [UInt8] = [5, 6, 7, 8, 9]
    let path = try folder.write("x", content)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 5, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: content)
    let sources = [
      try ByteSource(path: path), ByteSource(name: "array", bytes: content),
      ByteSource(name: "buffer", buffer: UnsafeRawBufferPointer(memory), owner: nil),
    ]
    for source in sources {
      #expect(source.count == 5)
      #expect(try bytes(source, 1..<4) == [6, 7, 8])
      #expect(try bytes(source, 5..<5) == [])
      #expect(throws: WeightsError.self) { try bytes(source, 4..<6) }
      #expect(throws: WeightsError.self) {
        try source.read(at: -1, into: UnsafeMutableRawBufferPointer(memory))
      }
      #expect(throws: WeightsError.self) {
        try source.read(at: .max, into: UnsafeMutableRawBufferPointer(memory))
      }
    }
  }

  @Test func refusesWhatIsNoFile() throws {
    let folder = try TemporaryFolder()
    #expect(try weightsError { _ = try ByteSource(path: folder.path) }.kind == .unreadable)
    #expect(
      try weightsError { _ = try ByteSource(path: folder.path + "/none") }.description.contains(
        "No such file"))
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(try weightsError { _ = try ByteSource(path: pipe) }.reason == "is not a regular file")
  }

  @Test func truncationWhileOpenIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x.safetensors", safetensors([("a", [1000]), ("b", [1000])]))
    let file = try Safetensors(path: path)
    #expect(try file.floats("b").last == 999)
    #expect(truncate(path, off_t(file.source.count - 100)) == 0)
    #expect(try file.floats("a").last == 999)
    let error = try weightsError { _ = try file.floats("b") }
    #expect(error.kind == .unreadable)
    #expect(error.description.contains("ends at byte \(file.source.count - 100)"))
  }

  @Test func readsFromManyThreads() throws {
    let folder = try TemporaryFolder()
    let count = 100_000
    let path = try folder.write("x.safetensors", safetensors([("a", [count])]))
    let file = try Safetensors(path: path)
    let tensor = try #require(file.tensors["a"])
    DispatchQueue.concurrentPerform(iterations: 16) { turn in
      let start = turn * 5000
      var values = [Float](repeating: 0, count: 5000)
      let isRead: Void? = try? values.withUnsafeMutableBufferPointer {
        try file.read(tensor, named: "a", elements: start..<(start + 5000), into: $0)
      }
      #expect(isRead != nil && values == (start..<(start + 5000)).map(Float.init))
    }
  }
}
