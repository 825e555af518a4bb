import CPUBackend
import Darkroom
import Families
import Foundation
import Graph
import Pictures
import PipelineTestSupport
import Synchronization
import TestSupport
import Testing
import Weights

/// Pictures that a network enlarges: tiles, sizes, memory, and what is told of it.
@Suite struct UpscalingTests {
  private func source(_ name: String) -> UpscalerSource {
    name == "built_in" ? .builtIn : UpscalerSource(path: Fixtures.url("upscaling/\(name).safetensors").path)
  }

  private func residents(limit: Int? = nil) throws -> ResidentModels {
    ResidentModels(try CPUBackend(threads: 2), limit: limit)
  }

  /// A picture of the golden file, `[1, 3, height, width]` from 0 to 1, at whole levels.
  private func picture(_ name: String) throws -> Picture {
    let (numbers, shape) = try Golden("upscaling/io.safetensors").tensor(name)
    let area = shape[2] * shape[3]
    return Picture(
      width: shape[3], height: shape[2],
      pixels: (0..<3 * area).map { index in
        let number = numbers[index % 3 * area + index / 3]
        return UInt8((max(0, min(1, number)) * 255).rounded(.toNearestOrEven))
      })
  }

  private func noise(width: Int, height: Int) -> Picture {
    var random = SeededGenerator(seed: 7)
    return Picture(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) })
  }

  @Test(arguments: [
    "srvgg_x4", "srvgg_x2", "srvgg_x1", "rrdb_x4", "rrdb_x2", "rrdb_x1", "rrdb_x4_sequential",
    "rrdb_x1_sequential",
    "rrdb_x2_first", "built_in",
  ])
  func isPyTorchs(_ name: String) throws {
    let (input, expected) = (try picture("\(name).input"), try picture("\(name).output"))
    let made = try Upscaler(source(name)).enlarged(
      input, width: expected.width, height: expected.height, on: residents(), storing: .float32)
    let apart = zip(made.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }
    #expect(apart.count { $0 > 1 } * 500 <= apart.count, "\(name): \(apart.max() ?? 0) levels")
    #expect(apart.reduce(0, +) * 50 <= apart.count)
  }

  /// Byte for byte, whether cells are pixels or squares of them, and in 16 bits too.
  @Test(arguments: [("srvgg_x4", 20), ("rrdb_x2", 84), ("rrdb_x4_sequential", 84), ("built_in", 60)])
  func tilesAreTheWhole(_ name: String, side: Int) throws {
    let input = noise(width: 171, height: 97)
    let upscaler = try Upscaler(source(name))
    let size = (width: 171 * upscaler.model.scale, height: 97 * upscaler.model.scale)
    for storage in try residents().backend.storages {
      func enlarged(_ side: Int?) throws -> Picture {
        upscaler.tileSide = side
        return try upscaler.enlarged(
          input, width: size.width, height: size.height, on: residents(), storing: storage)
      }
      #expect(try enlarged(side) == enlarged(nil), "\(storage)")
    }
  }

  @Test func tilesCoverAPictureOnce() {
    for reach in [0, 1, 5, 18] {
      for side in [2 * reach + 1, 2 * reach + 7, 64] {
        for length in 1...150 {
          let spans = PictureTiles(height: length, width: 1, reach: reach, side: side).rows
          #expect(spans.flatMap(\.kept) == Array(0..<length))
          for span in spans {
            #expect(span.read.count == spans[0].read.count && span.read.count <= side)
            #expect(span.read.lowerBound == 0 || span.kept.lowerBound - span.read.lowerBound >= reach)
            #expect(span.read.upperBound == length || span.read.upperBound - span.kept.upperBound >= reach)
          }
        }
      }
    }
  }

  @Test func passesReachTheSize() throws {
    let four = try Upscaler(source("srvgg_x4"))
    func sizes(_ width: Int, _ height: Int) -> [Int] {
      four.passes(from: (10, 6), to: (width, height)).map(\.width)
    }
    #expect(sizes(40, 24) == [10] && sizes(15, 9) == [10] && sizes(41, 24) == [10, 40])
    #expect(sizes(160, 96) == [10, 40] && sizes(161, 96) == [10, 40, 160])
    #expect(try Upscaler(source("srvgg_x1")).passes(from: (10, 6), to: (40, 24)).count == 1)
    let whole = try four.enlarged(noise(width: 10, height: 6), width: 40, height: 24, on: residents())
    let part = try four.enlarged(noise(width: 10, height: 6), width: 15, height: 9, on: residents())
    #expect(part == whole.resized(width: 15, height: 9))
  }

  /// What the request says is refused with what is possible; a network that does not fit, with what it takes.
  @Test func limits() async throws {
    let engine = try Engine(device: .cpu, threads: 2)
    let file = try noise(width: 40, height: 30).encoded(as: .png)
    var request = UpscaleRequest(InputPicture(contents: file), scale: 17)
    func error(_ engine: Engine, _ request: UpscaleRequest) async -> DarkroomError? {
      await #expect(throws: DarkroomError.self) { try await engine.upscale(request) }
    }
    #expect(await error(engine, request)?.expected == "a number from 1 to 16")
    request.scale = 4
    request.limits.upscaledPixels = 19_199
    let large = await error(engine, request)
    #expect(large?.field == "scale" && large?.expected == "a picture of at most 19199 pixels")
    request.limits.upscaledPixels = 19_200
    #expect(try await engine.upscale(request).width == 160)
    let small = try Engine(device: .cpu, threads: 2, memoryLimit: 1 << 20)
    let short = await error(small, request)
    #expect(short?.kind == .resources && "\(short.map { "\($0)" } ?? "")".contains("MiB of memory at least"))
  }

  /// The largest picture that the command reads in a quarter of the sides takes less than a gibibyte with the built-in network.
  @Test func memoryIsBounded() throws {
    let upscaler = try Upscaler(.builtIn)
    let black = Picture(
      width: 2048, height: 2048, pixels: [UInt8](repeating: 0, count: 2048 * 2048 * 3))
    for storage in try residents().backend.storages {
      let need = try upscaler.need(black, to: (8192, 8192), on: residents(), storing: storage)
      #expect(need.weights + need.arena + need.scratch < 640 << 20)
    }
    // In less memory, tiles are smaller.
    let tight = try upscaler.need(black, to: (4096, 4096), on: residents(limit: 160 << 20), storing: .float32)
    #expect(tight.weights + tight.arena + tight.scratch < 160 << 20)
  }

  @Test func cancellingEndsIt() async throws {
    let engine = try Engine(device: .cpu, threads: 2)
    let file = try noise(width: 600, height: 8).encoded(as: .png)
    let told = Counter()
    await #expect(throws: CancellationError.self) {
      try await Task {
        try await engine.upscale(UpscaleRequest(InputPicture(contents: file))) { _ in
          told.add()
          withUnsafeCurrentTask { $0?.cancel() }
        }
      }.value
    }
    #expect(told.count == 1)
  }

  /// What the file told before is there, and what was done.
  @Test func theFileTells() async throws {
    let engine = try Engine(device: .cpu, threads: 2)
    var asked = GenerationRequest(prompt: "a boat")
    (asked.width, asked.height, asked.steps, asked.seed) = (64, 64, 1, 7)
    var drawn: GeneratedPicture?
    for try await picture in engine.pictures(for: asked, with: .builtIn) { drawn = picture }
    let before = try #require(drawn)
    let folder = try TemporaryFolder()
    for (name, contents) in [
      ("drawn", try before.encoded()), ("other", try noise(width: 8, height: 8).encoded(as: .jpeg)),
    ] {
      let path = "\(folder.path)/\(name).png"
      let made = try await engine.upscale(UpscaleRequest(InputPicture(contents: contents), scale: 1.5))
      try made.write(to: path)
      let facts = try PictureFacts(ofPicture: path)
      #expect(facts.upscaling == [made.record] && facts.holdsRequest == (name == "drawn"))
    }
    let record = try PictureRecord(fromPicture: "\(folder.path)/drawn.png")
    #expect(record.request == before.request.request)
    let upscaling = try #require(record.upscaling.first)
    #expect(upscaling.scale == 1.5 && upscaling.method == .fast && upscaling.width == 64)
    #expect(upscaling.model == "animevideov3" && upscaling.fingerprint?.count == 64)
    #expect(
      record.parameters?.hasSuffix("Postprocess upscale by: 1.5, Postprocess upscaler: animevideov3") == true)
    #expect(throws: DarkroomError.self) { try PictureRecord(fromPicture: "\(folder.path)/other.png") }
  }

  @Test func theBuiltInNetwork() throws {
    let summary = try UpscalerSummary.inspect(.builtIn)
    #expect(summary.parameters == 621_424 && summary.scale == 4)
    #expect(summary.network == "SRVGGNetCompact, 18 convolutions of 64 channels")
  }

  /// Files that are no upscalers are named, as are upscalers where a model is wanted.
  @Test func otherFilesAreNamed() throws {
    func error(_ path: String) -> String {
      let error = #expect(throws: DarkroomError.self) {
        try DarkroomError.wrapping { try Upscaler(UpscalerSource(path: path)) }
      }
      return error.map { "\($0)" } ?? ""
    }
    let vae = error(Fixtures.url("networks/vae_plain_tiny.safetensors").path)
    #expect(vae.contains("is a VAE alone") && vae.contains("expected an upscaler of ESRGAN's"))
    #expect(error(Fixtures.url("sd1_tiny.io.safetensors").path).contains("named like no upscaler"))
    let folder = try TemporaryFolder()
    let pickle = "\(folder.path)/x4.pth"
    try Data([0x50, 0x4B, 3, 4] + Array(repeating: 0, count: 60)).write(to: URL(fileURLWithPath: pickle))
    #expect(error(pickle).contains("torch.load"))
    let model = #expect(throws: DarkroomError.self) {
      try ModelSummary.inspect(ModelSource(path: Fixtures.url("upscaling/rrdb_x4.safetensors").path))
    }
    #expect(model.map { "\($0)" }?.contains("use darkroom upscale") == true)
  }
}

/// Counts from any thread.
private final class Counter: Sendable {
  private let number = Mutex(0)
  var count: Int { number.withLock { $0 } }
  func add() { number.withLock { $0 += 1 } }
}
