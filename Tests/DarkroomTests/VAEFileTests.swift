import CPUBackend
import Darkroom
import Foundation
import Graph
import Hub
import PipelineTestSupport
import TestSupport
import Testing
import Weights

/// A VAE of its own, instead of the model's.
@Suite final class VAEFileTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("vae-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The tiny model's VAE in one file.
  /// - Parameters:
  ///   - prefix: what stands before names, which are those of the original layout; nil for diffusers'.
  ///   - brightness: is added to the bias of the last layer.
  private func file(_ name: String, prefix: String?, brightness: Float = 0) throws -> String {
    let files = try Checkpoint(ModelFiles(TinyModel.folder))
    var tensors: [SafetensorsWriter.WrittenTensor] = []
    var values: [String: [Float]] = [:]
    let table = String(decoding: try Fixtures.data("sd1_tiny_single.tsv"), as: UTF8.self)
    for line in table.split(separator: "\n") where line.hasPrefix("vae/") {
      let fields = line.split(separator: "\t").map(String.init)
      let ours = fields[0].replacing("/", with: ".")
      let original = String(fields[1].dropFirst("first_stage_model.".count))
      let stored = prefix.map { $0 + original } ?? String(ours.dropFirst("vae.".count))
      let shape = try #require(files.tensor(ours)?.shape)
      var numbers = [Float](repeating: 0, count: shape.count)
      try numbers.withUnsafeMutableBufferPointer { try files.read(ours, elements: 0..<$0.count, into: $0) }
      if ours == "vae.decoder.conv_out.bias" { numbers = numbers.map { $0 + brightness } }
      tensors.append(.init(name: stored, dtype: .float32, shape: shape))
      values[stored] = numbers
    }
    let path = folder.appendingPathComponent(name).path
    try SafetensorsWriter.write(to: path, tensors: tensors) { tensor, sink in
      try values[tensor.name, default: []].withUnsafeBytes { try sink($0) }
    }
    return path
  }

  private func picture(vae: String?) throws -> GeneratedPicture {
    var request = GenerationRequest(prompt: "a cat")
    (request.steps, request.seed, request.precision) = (2, 3, .float32)
    let source = ModelSource(path: TinyModel.folder, vae: vae)
    let pipeline = try Pipeline(source, CPUBackend(threads: 2))
    var made: GeneratedPicture?
    try pipeline.generate(pipeline.resolve(request), Reporter { made = $0 })
    return try #require(made)
  }

  @Test(arguments: ["", "first_stage_model.", "vae.", nil] as [String?])
  func namesOfAllLayouts(prefix: String?) throws {
    let own = try picture(vae: nil)
    #expect(try picture(vae: file("same.safetensors", prefix: prefix)).pixels == own.pixels)
    let bright = try picture(vae: file("bright.safetensors", prefix: prefix, brightness: 1))
    let sums = [own, bright].map { $0.pixels.reduce(0) { $0 + Int($1) } }
    #expect(sums[1] > sums[0])
  }

  @Test func foldersOfDiffusers() throws {
    let own = try picture(vae: nil).pixels
    #expect(try picture(vae: "\(TinyModel.folder)/vae").pixels == own)
    #expect(try picture(vae: TinyModel.folder).pixels == own)
  }

  /// What a picture says of its VAE, and that both fingerprints are known by it.
  @Test func picturesNameIt() throws {
    let path = try file("soft.safetensors", prefix: "")
    let made = try picture(vae: path)
    let vae = try #require(made.request.model?.vae)
    let content = try ModelFingerprint.make(ofVAE: path, hashes: .init(file: nil))
    #expect(vae.name == "soft" && vae.content == content)
    let own = try picture(vae: nil).request.model
    #expect(made.request.model?.fingerprint == own?.fingerprint && own?.vae == nil)
    #expect(made.request.model?.contentKey.hasSuffix("+\(vae.fingerprint ?? "")") == true)
    #expect(made.parameters?.contains("VAE hash: \(vae.content?.short ?? ""), VAE: soft, ") == true)
    let json = Data(made.request.canonicalJSON.utf8)
    #expect(try JSONDecoder().decode(ResolvedRequest.self, from: json).model?.vae == vae)
  }

  @Test func picturesOfA1111NameIt() throws {
    let image = folder.appendingPathComponent("a.png").path
    try picture(vae: file("soft.safetensors", prefix: "")).write(to: image)
    let vae = try PictureRecord(fromPicture: image).model?.vae
    #expect(vae?.name == "soft" && vae?.fingerprint?.count == 64)
  }

  @Test func itIsFoundByContent() async throws {
    let shelf = folder.appendingPathComponent("shelf/models/VAE").path
    try FileManager.default.createDirectory(atPath: shelf, withIntermediateDirectories: true)
    let path = try file("shelf/models/VAE/renamed.safetensors", prefix: "")
    let store = ModelStore(environment: [:], folders: [folder.appendingPathComponent("shelf").path])
    let content = try ModelFingerprint.make(ofVAE: path, hashes: .init(file: nil)).description
    #expect(try await store.findVAE(VAEReference(name: "soft", fingerprint: content)) == path)
    #expect(try await store.findVAE(VAEReference(name: "renamed")) == path)
    let other = VAEReference(name: "renamed", fingerprint: String(repeating: "0", count: 64))
    #expect(try await store.findVAE(other) == nil)
  }

  @Test func otherFilesAreRefused() throws {
    func problem(_ path: String) -> String {
      do {
        _ = try ModelSummary.inspect(ModelSource(path: TinyModel.folder, vae: path))
        return ""
      } catch {
        return "\(error)"
      }
    }
    let unet = "\(TinyModel.folder)/unet/diffusion_pytorch_model.safetensors"
    #expect(
      problem(unet).contains("has no autoencoder; expected tensors such as decoder.conv_in.weight"))
    #expect(problem("/no/such.safetensors").contains("no such file or folder"))
    #expect(problem("\(TinyModel.folder)/scheduler").contains("no VAE in it"))
    let pickle = folder.appendingPathComponent("vae.pt").path
    try Data("x".utf8).write(to: URL(fileURLWithPath: pickle))
    #expect(problem(pickle).contains("AutoencoderKL.from_single_file"))
  }
}
