import Darkroom
import Foundation
import Graph
import PipelineTestSupport
import Sampling
import Synchronization
import TestSupport
import Testing
import Weights

/// The tiny model as one file under the original names, put together from the folder by the table of names that
/// scripts/fixtures/models/make_sd1_tiny.py took from diffusers' converters.
@Suite struct SingleFileTests {
  /// - Parameter leavingOut: the beginning of names of tensors.
  private func assemble(
    _ path: String, leavingOut: String? = nil, poisoning: String? = nil, junk: Bool = true
  ) throws {
    let table = String(decoding: try Fixtures.data("sd1_tiny_single.tsv"), as: UTF8.self)
    let files = try Checkpoint(ModelFiles(TinyModel.folder))
    var entries: [(name: String, shape: [Int], values: [Float])] = []
    for line in table.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(separator: "\t").map(String.init)
      if let leavingOut, fields[1].hasPrefix(leavingOut) { continue }
      let name = fields[0].replacingOccurrences(of: "/", with: ".")
      let shape = fields[2].split { !$0.isNumber }.compactMap { Int($0) }
      var values = [Float](repeating: 0, count: shape.reduce(1, *))
      try values.withUnsafeMutableBufferPointer { try files.read(name, elements: 0..<$0.count, into: $0) }
      if fields[1] == poisoning { values[0] = .nan }
      entries.append((fields[1], shape, values))
    }
    if junk {
      entries.append(("alphas_cumprod", [3], [1, 2, 3]))
      entries.append(("model_ema.decay", [], [1]))
      entries.append(("something.else", [1], [1]))
    }
    try writeSafetensors(entries, to: path)
  }

  private func temporary() throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "darkroom-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.path
  }

  @Test func makesThePictureOfTheFolder() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try assemble("\(folder)/model.safetensors")
    let request = try TinyModel().request("latents_ddim_seed42_steps8_cfg7.5")
    let single = try TinyModel.pipeline("\(folder)/model.safetensors", configuration: TinyModel.folder)
    #expect(try single.latents(request).values == TinyModel.pipeline().latents(request).values)
    let summary = try ModelSummary.inspect(
      ModelSource(path: "\(folder)/model.safetensors", configuration: TinyModel.folder))
    #expect(summary.unknownTensors == ["something.else"])
  }

  /// Never a black picture: the error says where the first bad number came from.
  @Test(arguments: [
    ("model.diffusion_model.out.2.bias", "sampling: latents are not finite after step 1 of 3"),
    ("first_stage_model.decoder.conv_out.bias", "decoding: "),
    ("cond_stage_model.transformer.text_model.final_layer_norm.bias", "text encoder: token 0 "),
  ])
  func numbersThatAreNotFiniteEndTheJob(tensor: String, message: String) async throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try assemble("\(folder)/model.safetensors", poisoning: tensor)
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(
      ModelSource(path: "\(folder)/model.safetensors", configuration: TinyModel.folder))
    var request = GenerationRequest(prompt: "x")
    (request.steps, request.width, request.height) = (3, 64, 64)
    let error = await #expect(throws: DarkroomError.self) {
      try await engine.generate(request, finished: { _ in Issue.record("a picture came out") })
    }
    #expect(error?.kind == .nonFinite)
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  private func generate(_ path: String, _ side: Int, _ secondPass: GenerationRequest.SecondPass) async throws
  {
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(ModelSource(path: path, configuration: TinyModel.folder))
    var request = GenerationRequest(prompt: "x")
    (request.steps, request.width, request.height, request.secondPass) = (3, side, side, secondPass)
    let count = Mutex(0)
    try await engine.generate(request, finished: { _ in count.withLock { $0 += 1 } })
    #expect(count.withLock { $0 } == 1)
  }

  /// Only second passes need the VAE's encoder; then the error says so.
  @Test func encoderMayBeMissing() async throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/model.safetensors"
    try assemble(path, leavingOut: "first_stage_model.encoder.")
    try await generate(path, 64, .auto)
    try await generate(path, 128, .never)
    let error = await #expect(throws: DarkroomError.self) { try await generate(path, 128, .auto) }
    #expect(error?.kind == .request)
    #expect(
      error?.description
        == "second_pass: 128x128 is above this model's useful size (64x64), and \(path) has no VAE encoder, which a second pass needs; expected a smaller size, or never"
    )
    let summary = try ModelSummary.inspect(ModelSource(path: path, configuration: TinyModel.folder))
    #expect(
      summary.unknownTensors == [
        "first_stage_model.quant_conv.bias", "first_stage_model.quant_conv.weight", "something.else",
      ])
  }

  @Test func halfAnEncoderIsNamedWhenItIsNeeded() async throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/model.safetensors"
    try assemble(path, leavingOut: "first_stage_model.encoder.norm_out.weight")
    try await generate(path, 64, .auto)
    let error = await #expect(throws: DarkroomError.self) { try await generate(path, 128, .auto) }
    #expect(error?.kind == .model)
    #expect(error?.description.contains("'vae.encoder.conv_norm_out.weight'") == true)
  }

  @Test func encodedNumbersThatAreNotFiniteEndTheJob() async throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/model.safetensors"
    try assemble(path, poisoning: "first_stage_model.encoder.conv_out.bias")
    try await generate(path, 64, .auto)
    let error = await #expect(throws: DarkroomError.self) { try await generate(path, 128, .auto) }
    #expect(error?.kind == .nonFinite)
    #expect(error?.description.hasPrefix("encoding: ") == true, "\(error?.description ?? "")")
  }

  /// The file loses its end after it was opened: an error that names it, not a crash.
  @Test func truncationAfterOpeningIsAnError() async throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/model.safetensors"
    try assemble(path)
    let engine = try Engine(device: .cpu, threads: 2)
    _ = try await engine.load(ModelSource(path: path, configuration: TinyModel.folder))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 200_000)
    try file.close()
    let error = await #expect(throws: DarkroomError.self) {
      try await engine.generate(GenerationRequest(prompt: "x"), finished: { _ in })
    }
    #expect(error?.kind == .model)
    #expect(error?.description.contains("model.safetensors") == true)
  }

  @Test func namesWhatIsMissing() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let name = "model.diffusion_model.middle_block.0.in_layers.2.weight"
    try assemble("\(folder)/model.safetensors", leavingOut: name)
    let source = ModelSource(path: "\(folder)/model.safetensors", configuration: TinyModel.folder)
    let error = #expect(throws: DarkroomError.self) { try ModelSummary.inspect(source) }
    #expect(error?.description.contains("unet.mid_block.resnets.0.conv1.weight") == true)
    #expect(error?.description.contains("model.safetensors") == true)
  }
}

private func writeSafetensors(_ entries: [(name: String, shape: [Int], values: [Float])], to path: String)
  throws
{
  let tensors = entries.map {
    SafetensorsWriter.WrittenTensor(name: $0.name, dtype: .float32, shape: Shape($0.shape))
  }
  let values = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.values) })
  try SafetensorsWriter.write(to: path, tensors: tensors) { tensor, sink in
    try values[tensor.name, default: []].withUnsafeBytes { try sink($0) }
  }
}
