import CPUBackend
import Darkroom
import Foundation
import Graph
import PipelineTestSupport
import Synchronization
import TestSupport
import Testing

/// The model that comes with the program, read from memory.
@Suite struct BuiltInModelTests {
  @Test func itIsSmallAndComplete() throws {
    let summary = try ModelSummary.inspect(.builtIn)
    #expect(summary.nativeWidth == 256 && summary.nativeHeight == 256)
    #expect(summary.parts.count == 3 && summary.unknownTensors.isEmpty)
    #expect(StoredModel.builtIn.bytes < 15_000_000)
  }

  @Test func itsNameFindsItAndAFileOfThatNameGoesFirst() throws {
    #expect(try ModelStore(environment: [:]).source(named: "built-in") == .builtIn)
    #expect(try !ModelStore(environment: [:]).source(named: "./built-in").isBuiltIn)
  }

  @Test func aRedCircleOnBlueIsOne() async throws {
    let engine = try Engine()
    _ = try await engine.load(.builtIn)
    var request = GenerationRequest(prompt: "a red circle on a blue background")
    (request.seed, request.steps) = (1, 20)
    let picture = try await onlyPicture(of: request, by: engine)
    let centre = picture.colour(x: 128, y: 128)
    #expect(centre.red > 150 && centre.green < 110 && centre.blue < 110, "\(centre)")
    for (x, y) in [(12, 12), (243, 12), (12, 243), (243, 243)] {
      let corner = picture.colour(x: x, y: y)
      #expect(corner.blue > 120 && corner.red < 110, "\(x), \(y): \(corner)")
    }
    // A circle is as wide as high, and fills pi / 4 of its square; other shapes do not.
    let red = (0..<256 * 256).map { (x: $0 % 256, y: $0 / 256) }.filter {
      let colour = picture.colour(x: $0.x, y: $0.y)
      return colour.red > 150 && colour.blue < 110
    }
    let (xs, ys) = (red.map(\.x), red.map(\.y))
    let width = Double((xs.max() ?? 0) - (xs.min() ?? 0) + 1),
      height = Double((ys.max() ?? 0) - (ys.min() ?? 0) + 1)
    #expect((0.85...1.18).contains(width / height), "\(width) x \(height)")
    #expect(
      (0.70...0.88).contains(Double(red.count) / (width * height)), "\(red.count) of \(width) x \(height)")
  }

  /// PyTorch's bfloat16 keeps 49 to 52 dB of this model's pictures.
  @Test(arguments: Set(InstructionSet.available + Tiles.instructions))
  func bfloat16KeepsThePicture(_ instructions: InstructionSet) throws {
    let pipeline = try Pipeline(.builtIn, CPUBackend(instructions: instructions))
    var request = GenerationRequest(prompt: "a yellow cat on a meadow")
    (request.seed, request.steps, request.width, request.height) = (1, 8, 128, 128)
    request.precision = .float32
    let expected = try pipeline.picture(request)
    request.precision = .bfloat16
    #expect(try pipeline.picture(request).psnr(from: expected) >= 40)
  }

  @Test(arguments: Set(InstructionSet.available + Tiles.instructions))
  func int8KeepsThePicture(_ instructions: InstructionSet) throws {
    let pipeline = try Pipeline(.builtIn, CPUBackend(instructions: instructions))
    var request = GenerationRequest(prompt: "a yellow cat on a meadow")
    (request.seed, request.steps, request.width, request.height) = (1, 8, 128, 128)
    request.precision = .float32
    let expected = try pipeline.picture(request)
    request.precision = .int8
    #expect(try pipeline.resolve(request).request.weights == .int8)
    let picture = try pipeline.picture(request)
    #expect(picture.psnr(from: expected) >= 40)
    // Some layers did have 8 bits.
    request.precision = .bfloat16
    #expect(try pipeline.picture(request).pixels != picture.pixels)
  }

  private func onlyPicture(of request: GenerationRequest, by engine: Engine) async throws -> GeneratedPicture
  {
    let found = Mutex<GeneratedPicture?>(nil)
    try await engine.generate(request, finished: { picture in found.withLock { $0 = picture } })
    return try #require(found.withLock { $0 })
  }
}

extension GeneratedPicture {
  fileprivate func colour(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let pixels = pixels
    let first = (y * width + x) * 3
    return (pixels[first], pixels[first + 1], pixels[first + 2])
  }
}
