import CPUBackend
import Darkroom
import Foundation
import Glibc
import PipelineTestSupport
import TestSupport
import Testing

/// Pictures of weights that were packed by an earlier start.
@Suite struct PackCachePictureTests {
  @Test(arguments: [GenerationRequest.Precision.float32, .bfloat16])
  func aSecondStartDrawsTheSamePicture(_ precision: GenerationRequest.Precision) throws {
    let parent = try TemporaryFolder()
    let packs = try TemporaryFolder()
    let model = try Self.model(in: parent)
    let plain = try Self.picture(model, precision, nil)
    let first = try Self.picture(model, precision, packs.path)
    let files = packs.names
    let second = try Self.picture(model, precision, packs.path)
    #expect(first == plain && second == plain)
    // The text encoder, the network that denoises, the decoder; and the lock.
    #expect(files.count == 4 && packs.names == files)
  }

  /// Another file of the same size and time under the same name, as of a model trained a little further.
  @Test func aReplacedFileIsNoticed() throws {
    let parent = try TemporaryFolder()
    let packs = try TemporaryFolder()
    let model = try Self.model(in: parent)
    let first = try Self.picture(model, .float32, packs.path)
    let path = "\(model)/\(Self.unet)"
    for isInPlace in [false, true] {
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      // The signs of the last numbers, float16.
      for number in 1...256 { bytes[bytes.count + 1 - 2 * number] ^= 0x80 }
      try bytes.write(to: URL(fileURLWithPath: path), options: isInPlace ? [] : .atomic)
      Self.age(path)
      let other = try Self.picture(model, .float32, packs.path)
      #expect(try other == Self.picture(model, .float32, nil))
      #expect((other == first) == isInPlace)
    }
  }

  @Test func aFileThatWasChangedJustNowIsNotKept() throws {
    let parent = try TemporaryFolder()
    let packs = try TemporaryFolder()
    let model = try Self.model(in: parent, isOld: false)
    _ = try Self.picture(model, .float32, packs.path)
    #expect(packs.names.allSatisfy { !$0.contains(".packs") })
  }

  @Test func theEnvironmentNamesTheFolder() {
    #expect(Engine.packCache(["DARKROOM_PACK_CACHE": "/a/b"])?.folder == "/a/b")
    #expect(Engine.packCache(["DARKROOM_PACK_CACHE": "~/b", "HOME": "/srv/me"])?.folder == "/srv/me/b")
    #expect(Engine.packCache(["DARKROOM_PACK_CACHE": ""])?.folder.hasSuffix("/darkroom/packs") ?? true)
  }

  private static let unet = "unet/diffusion_pytorch_model.safetensors"

  /// The tiny model with weights of its own.
  private static func model(in parent: borrowing TemporaryFolder, isOld: Bool = true) throws -> String {
    let model = try TinyModel.copy(into: parent, files: [:])
    for part in ["unet", "vae", "text_encoder"] {
      let folder = "\(model)/\(part)"
      for name in TemporaryFolder.names(in: folder) where name.hasSuffix(".safetensors") {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        if isOld { age("\(folder)/\(name)") }
      }
    }
    return model
  }

  /// Sets the time of modification to one of long ago.
  private static func age(_ path: String) {
    let times = [timeval(tv_sec: 1_000_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000_000, tv_usec: 0)]
    utimes(path, times)
  }

  private static func picture(
    _ model: String, _ precision: GenerationRequest.Precision, _ packs: String?
  ) throws -> [UInt8] {
    var request = GenerationRequest(prompt: "a cat")
    (request.steps, request.seed, request.precision) = (2, 3, precision)
    let cache = packs.map { PackCache(folder: $0, least: 0) }
    let pipeline = try Pipeline(ModelSource(path: model), CPUBackend(threads: 2, packCache: cache))
    var made: GeneratedPicture?
    try pipeline.generate(pipeline.resolve(request), Reporter { made = $0 })
    cache?.settle()
    #expect(cache?.remarks ?? [] == [])
    return try #require(made).pixels
  }
}
