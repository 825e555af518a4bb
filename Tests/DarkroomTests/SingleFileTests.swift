import Darkroom
import Families
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
    _ path: String, leavingOut: String? = nil, poisoning: String? = nil, junk: Bool = true,
    marks: [String] = []
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
    entries += marks.map { ($0, [0], []) }
    try writeSafetensors(entries, to: path)
  }

  /// A configuration without a scheduler, so that the file's own marks count.
  private func configuration(in folder: String) throws -> String {
    let place = "\(folder)/configuration"
    for part in ["unet", "vae", "text_encoder"] {
      try FileManager.default.createDirectory(atPath: "\(place)/\(part)", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "\(TinyModel.folder)/\(part)/config.json", toPath: "\(place)/\(part)/config.json")
    }
    return place
  }

  private func prediction(_ path: String, _ configuration: String) throws -> String {
    try ModelSummary.inspect(ModelSource(path: path, configuration: configuration)).prediction
  }

  /// Tensors without numbers and a `.yaml` beside the file, as published models and A1111 have them.
  @Test func marksOfTrainingAreFollowed() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (configuration, request) = (
      try configuration(in: folder), try TinyModel().request("latents_ddim_seed42_steps8_cfg7.5")
    )
    let (plain, marked) = ("\(folder)/plain.safetensors", "\(folder)/marked.safetensors")
    try assemble(plain, junk: false)
    try assemble(marked, junk: false, marks: ["v_pred", "ztsnr"])
    #expect(try prediction(plain, configuration) == "epsilon")
    #expect(try prediction(marked, configuration) == "v_prediction")
    #expect(
      try ModelSummary.inspect(ModelSource(path: marked, configuration: configuration)).unknownTensors.isEmpty
    )
    let pipeline = try TinyModel.pipeline(marked, configuration: configuration)
    #expect(pipeline.model.traits.noise == .diffusion(zeroSNR()))

    try Data("model:\n  params:\n    parameterization: \"v\"  # A1111\n    linear_start: 0.00085\n".utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/plain.yaml"))
    #expect(try prediction(plain, configuration) == "v_prediction")
    let told = try TinyModel.pipeline(plain, configuration: configuration)
    // The content of the file does not tell it: the picture must.
    #expect(try told.resolve(request).request.prediction == .velocity)
    #expect(try pipeline.resolve(request).request.prediction == nil)

    // A request comes before all of them.
    var asked = request
    asked.prediction = .epsilon
    try FileManager.default.removeItem(atPath: "\(folder)/plain.yaml")
    let epsilon = try TinyModel.pipeline(plain, configuration: configuration)
    #expect(try told.latents(asked).values == epsilon.latents(request).values)
    asked.prediction = .velocity
    #expect(try told.latents(request).values == epsilon.latents(asked).values)
    #expect(try told.latents(request).values != epsilon.latents(request).values)
    asked.prediction = .flow
    #expect(throws: DarkroomError.self) { try epsilon.resolve(asked) }
  }

  private func zeroSNR() -> ScheduleSettings {
    var settings = ScheduleSettings()
    settings.rescaleZeroSNR = true
    return settings
  }

  @Test func unreadableMarksAreNamed() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (path, configuration) = ("\(folder)/m.safetensors", try configuration(in: folder))
    try assemble(path)
    for (text, words) in [
      ("parameterization: x0", "\"x0\" is not supported; expected epsilon or v"),
      ("linear_end: much", "linear_end"),
    ] {
      try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/m.yaml"))
      let error = try #require(throws: DarkroomError.self) { try self.prediction(path, configuration) }
      #expect(error.field == "\(folder)/m.yaml" && error.description.contains(words), "\(error)")
    }
  }

  @Test func aModelWithoutAPartSaysWhich() throws {
    let folder = try temporary()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (beginning, words) in [
      ("first_stage_model.", "with no VAE"), ("cond_stage_model.", "with no text encoder"),
    ] {
      try assemble("\(folder)/m.safetensors", leavingOut: beginning)
      let error = try #require(throws: DarkroomError.self) {
        try ModelSummary.inspect(
          ModelSource(path: "\(folder)/m.safetensors", configuration: TinyModel.folder))
      }
      #expect(error.description.contains(words), "\(error)")
    }
  }

  /// Where weights alone are too large, no size helps.
  @Test func adviceFollowsWhatIsTooLarge() throws {
    var request = GenerationRequest(prompt: "x")
    (request.steps, request.width, request.height) = (1, 2048, 2048)
    for (limit, words) in [
      (1 << 20, "the weights of one network alone take"), (24 << 20, "ask for a smaller size"),
    ] {
      let loaded = try TinyModel.pipeline()
      let pipeline = Pipeline(loaded.model, ResidentModels(loaded.backend, limit: limit))
      let error = try #require(throws: DarkroomError.self) {
        _ = try pipeline.reserve(pipeline.resolve(request))
      }
      #expect(error.kind == .resources && error.description.contains(words), "\(error)")
    }
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

  /// Never a black picture: the error names the tensor of the file.
  @Test(arguments: [
    "model.diffusion_model.out.2.bias", "first_stage_model.decoder.conv_out.bias",
    "cond_stage_model.transformer.text_model.final_layer_norm.bias",
  ])
  func numbersThatAreNotFiniteEndTheJob(tensor: String) async throws {
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
    #expect(error?.kind == .model && error?.field == "\(folder)/model.safetensors")
    #expect(
      error?.description.contains("tensor '\(tensor)': holds nan at element 0") == true,
      "\(error?.description ?? "")")
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
        == "second_pass: 128x128 is above this model's useful size (64x64), and \(path) has no VAE encoder, which a second pass needs; expected a smaller size, never, or upscaler latent"
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
    #expect(error?.kind == .model)
    #expect(
      error?.description.contains("'first_stage_model.encoder.conv_out.bias': holds nan") == true,
      "\(error?.description ?? "")")
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
