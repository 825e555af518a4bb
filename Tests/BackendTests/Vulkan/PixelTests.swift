import Graph
import Pictures
import Testing
import VulkanBackend

/// Rounding to bytes on the device, against rounding by the processor.
@Suite struct PixelTests {
  private func pixels(_ numbers: [Float], width: Int, height: Int, _ storage: Storage) async throws -> (
    bytes: [UInt8], notFinite: [Int]
  ) {
    let graph = Graph()
    graph.output("y", graph.input("x", [1, height, width, 3], rate: .step), layout: .pixels)
    return try await SoftwareDevice.with { backend in
      let program = try backend.prepare(backend.plan(graph, values: storage))
      numbers.withUnsafeBufferPointer { program.write($0, to: "x") }
      try program.run(.step)
      return try #require(program.readPixels("y"))
    }
  }

  @Test(arguments: [(1, 1), (7, 5), (64, 3), (33, 257)])
  func bytesAreTheProcessors(width: Int, height: Int) async throws {
    let ties: [Float] = [-1, 1, 0, 0.00784313, 0.572549, 0.9803921, -7, 7, 0.9999, 1e30, -0.0]
    let numbers = (0..<(width * height * 3)).map {
      $0 % 3 == 0 ? ties[$0 / 3 % ties.count] : Float($0 * 7919 % 2003) / 950 - 1.05
    }
    let expected = try Picture(decoded: numbers.span, width: width, height: height)
    let pixels = try await pixels(numbers, width: width, height: height, .float32)
    #expect(pixels.bytes == expected.pixels && pixels.notFinite.isEmpty)
    let half = try await self.pixels(
      numbers.map { max(-8, min(8, $0)) }, width: width, height: height, .float16)
    #expect(zip(half.bytes, expected.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
  }

  @Test(arguments: [Storage.float32, .float16]) func whatIsNotFiniteIsToldWithItsPlace(_ storage: Storage)
    async throws
  {
    var numbers = [Float](repeating: 0.25, count: 7 * 5 * 3)
    let places: [(Int, Float)] = [(3, .nan), (16, .infinity), (17, -.infinity), (104, -.nan)]
    for (place, number) in places { numbers[place] = number }
    let pixels = try await pixels(numbers, width: 7, height: 5, storage)
    #expect(pixels.notFinite == places.map(\.0))
    #expect(throws: PictureError.notFinite(count: 4, of: 105, row: 0, column: 1, channel: 0)) {
      try Picture(rounded: pixels.bytes, notFinite: pixels.notFinite, width: 7, height: 5)
    }
  }
}
