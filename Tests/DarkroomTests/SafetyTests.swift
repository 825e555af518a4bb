import CPUBackend
import Darkroom
import Families
import Foundation
import Graph
import Hub
import Models
import Pictures
import PipelineTestSupport
import TestSupport
import Testing
import VulkanBackend
import Weights

/// The safety checker of a model's folder against diffusers' own, and what an engine makes of it.
@Suite(.serialized) final class SafetyTests {
  static let names = ["trips", "passes", "adjusted", "rounded"]
  private let io: Golden
  private let folder: TemporaryFolder

  init() throws {
    io = try Golden("safety/io.safetensors")
    folder = try TemporaryFolder()
  }

  private func picture(_ name: String) throws -> Picture {
    let (levels, shape) = try io.tensor("\(name).picture")
    return Picture(width: shape[1], height: shape[0], pixels: levels.map { UInt8($0) })
  }

  private func checker() throws -> SafetyChecker {
    SafetyChecker(try SafetyModel(ModelFolder(Fixtures.url("safety").path)))
  }

  /// The tiny model with the tiny checker.
  /// - Parameters:
  ///   - entry: what its index says of the checker.
  ///   - files: texts in the place of its files.
  ///   - parts: the checker's folders that are there.
  private func model(
    entry: [String?] = ["stable_diffusion", "StableDiffusionSafetyChecker"], files: [String: String] = [:],
    parts: [String] = ["safety_checker", "feature_extractor"]
  ) throws -> ModelSource {
    let index = try JSONSerialization.jsonObject(with: Fixtures.data("sd1_tiny/model_index.json"))
    var fields = try #require(index as? [String: Any])
    fields["safety_checker"] = entry.map { $0 as Any? ?? NSNull() }
    let named = try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys)
    let path = try TinyModel.copy(
      into: folder, files: ["model_index.json": String(decoding: named, as: UTF8.self)])
    for part in parts {
      try FileManager.default.copyItem(atPath: Fixtures.url("safety/\(part)").path, toPath: "\(path)/\(part)")
    }
    for (file, text) in files {
      try text.write(toFile: "\(path)/\(file)", atomically: false, encoding: .utf8)
    }
    return ModelSource(path: path)
  }

  private func backend(_ name: String) throws -> any Backend {
    guard name == "vulkan" else { return try CPUBackend(threads: 2) }
    let instance = try Instance(validating: true)
    let software = try #require(VulkanBackend.devices(of: instance).first { $0.isSoftware })
    return try VulkanBackend(instance, device: software.index)
  }

  @Test(arguments: names) func picturesArePreparedAsTransformersDoes(_ name: String) throws {
    let prepared = try picture(name).prepared(checker().model.preparation)
    #expect(largestDifference(prepared, try io.tensor("\(name).prepared").0) < 1e-5)
  }

  @Test(arguments: ["cpu", "vulkan"]) func verdictsAreDiffusers(device: String) throws {
    let (checker, backend) = (try checker(), try backend(device))
    let residents = ResidentModels(backend)
    for name in Self.names {
      let verdict = try checker.verdict(on: picture(name), on: residents)
      #expect(try io.tensor("\(name).unsafe").0 == [verdict.isUnsafe ? 1 : 0], "\(name)")
      #expect(try io.tensor("\(name).concept_scores").0 == verdict.scores, "\(name)")
      #expect(try io.tensor("\(name).special_scores").0 == verdict.specialCareScores, "\(name)")
      let likenesses = try checker.likenesses(of: picture(name), on: residents)
      for (found, golden) in [
        (likenesses.concepts, "concept_cosines"), (likenesses.specialCare, "special_cosines"),
      ] {
        #expect(largestDifference(found.map(\.cosine), try io.tensor("\(name).\(golden)").0) < 1e-4)
      }
    }
    let messages = (backend as? VulkanBackend)?.validationMessages ?? []
    #expect(messages.isEmpty, "\(messages.prefix(3))")
  }

  /// Each case is a rule: thresholds, the care that adds to what comes after it alone, and three digits.
  @Test func rules() {
    func verdict(_ care: [Float], _ concepts: [Float]) -> SafetyVerdict {
      SafetyVerdict(specialCare: care.map { ($0 + 0.2, 0.2) }, concepts: concepts.map { ($0 + 0.3, 0.3) })
    }
    #expect(verdict([], [-0.1, 0.1]).concepts == [1] && !verdict([0.1], [-0.1]).isUnsafe)
    #expect(verdict([-0.02], [-0.005]).concepts.isEmpty && verdict([0.02], [-0.005]).concepts == [0])
    #expect(verdict([-0.005, 0.02], [0]).specialCareConcepts == [1])
    #expect(verdict([0.02, -0.005], [0]).specialCareConcepts == [0, 1])
    #expect(verdict([], [0.0004, 0.0006]).concepts == [1] && verdict([], [0.0123]).scores == [0.012])
  }

  @Test func anEngineChecksItsPictures() async throws {
    let source = try model()
    let engine = try Engine(device: .cpu, threads: 2)
    try await engine.loadSafetyChecker(of: source)
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps, request.seed) = (64, 64, 1, 3)
    for try await picture in engine.pictures(for: request, with: source) {
      let verdict = try await engine.check(picture)
      let expected = try checker().verdict(
        on: Picture(width: 64, height: 64, pixels: picture.pixels),
        on: ResidentModels(CPUBackend(threads: 2)))
      #expect(verdict == expected && verdict.scores.count == 5 && verdict.specialCareScores.count == 2)
      let decoded = try JSONDecoder().decode(SafetyVerdict.self, from: JSONEncoder().encode(verdict))
      #expect(decoded == verdict)
      let blurred = picture.blurred()
      #expect(blurred.request == picture.request && blurred.pixels != picture.pixels)
      #expect(blurred.pixels.contains { $0 > 0 })

      var upscaling = UpscaleRequest(InputPicture(contents: try picture.encoded()))
      (upscaling.method, upscaling.scale) = (.lanczos, 2)
      let large = try await engine.upscale(upscaling)
      #expect(try await engine.check(large, with: source).scores.count == 5)
      #expect(large.blurred().width == 128 && large.blurred().record == large.record)
    }
  }

  @Test func modelsWithoutOneSayIt() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    for source in [.builtIn, ModelSource(path: TinyModel.folder), try model(entry: [nil, nil])] {
      await #expect {
        try await engine.loadSafetyChecker(of: source)
      } throws: {
        let error = $0 as? DarkroomError
        return error?.kind == .unsupported && error?.field == source.path
          && "\($0)".contains("carries no safety checker; expected a Stable Diffusion 1 model")
      }
    }
  }

  private static let small = #"{"crop_size": 32, "size": {"shortest_edge": 32}"#

  @Test(arguments: [
    (#"{"crop_size": 16, "size": 32}"#, "crop_size: 16 is not supported; expected 32, the image_size"),
    (#"{"crop_size": 40, "size": 32}"#, "crop_size: 40 is more than the size, 32"),
    (#"{"crop_size": {"height": 32, "width": 31}, "size": 32}"#, "crop_size: [31, 32] is not supported"),
    (#"{"crop_size": 32, "size": {"height": 32, "width": 32}}"#, "size: height: is not supported"),
    ("\(small), \"resample\": 2}", "resample: 2 is not supported; expected 3"),
    ("\(small), \"do_resize\": false}", "do_resize: false is not supported"),
    ("\(small), \"image_std\": [0, 1, 1]}", "image_std: expected a list of 3 numbers"),
    ("\(small), \"image_processor_type\": \"ViTImageProcessor\"}", "image_processor_type: \"ViT"),
  ])
  func otherPreparationsAreRefused(_ text: String, _ problem: String) async throws {
    let source = try model(files: ["feature_extractor/preprocessor_config.json": text])
    let engine = try Engine(device: .cpu, threads: 1)
    let error = await #expect(throws: DarkroomError.self) { try await engine.loadSafetyChecker(of: source) }
    let path = "\(source.path)/feature_extractor/preprocessor_config.json"
    #expect("\(error as Any)".contains("\(path): \(problem)"), "\(error as Any)")
    #expect(error?.kind == .model)
  }

  @Test func thePresentFormIsTheFormerOne() throws {
    let text = """
      {"crop_size": {"height": 32, "width": 32}, "do_rescale": true, "rescale_factor": 0.00392156862745098,
       "size": {"shortest_edge": 32}, "image_processor_type": "CLIPImageProcessor", "use_square_size": false}
      """
    let file = try ConfigurationFile("preprocessor_config.json", Array(text.utf8))
    #expect(try PicturePreparation(file) == checker().model.preparation)
  }

  @Test func brokenOnesNameTheFile() async throws {
    func problem(_ source: ModelSource) async throws -> String {
      let engine = try Engine(device: .cpu, threads: 1)
      let error = await #expect(throws: DarkroomError.self) { try await engine.loadSafetyChecker(of: source) }
      try? FileManager.default.removeItem(atPath: source.path)
      return "\(error as Any)"
    }
    #expect(
      try await problem(model(parts: [])).contains("/safety_checker: no such folder, though model_index.json")
    )
    #expect(
      try await problem(model(parts: ["safety_checker"])).contains("preprocessor_config.json: no such file"))
    #expect(
      try await problem(model(entry: ["deepfloyd_if", "IFSafetyChecker"])).contains(
        "safety_checker: IFSafetyChecker is not supported; expected StableDiffusionSafetyChecker"))
    func configured(_ fields: String) -> [String: String] {
      let vision = #"{"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, \#(fields)}"#
      return ["safety_checker/config.json": #"{"projection_dim": 16, "vision_config": \#(vision)}"#]
    }
    #expect(
      try await problem(model(files: configured(#""patch_size": 8"#))).contains(
        "crop_size: 32 is not supported; expected 224, the image_size of"))
    let deeper = #""image_size": 32, "patch_size": 8, "num_hidden_layers": 3"#
    #expect(
      try await problem(model(files: configured(deeper))).contains(
        "'safety_checker.vision_model.encoder.layers.2.layer_norm1.weight' [32] is missing"))
    let shallower = #""image_size": 32, "patch_size": 8, "num_hidden_layers": 1"#
    #expect(
      try await problem(model(files: configured(shallower))).contains(
        "is no part of a StableDiffusionSafetyChecker"))
  }

  /// A threshold that is no number would let every picture pass.
  @Test func thresholdsAreNumbers() throws {
    let source = try model()
    let path = "\(source.path)/safety_checker/model.safetensors"
    var file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let tensors = try Safetensors(path: path)
    let tensor = try #require(tensors.tensors["concept_embeds_weights"])
    let start = tensor.bytes.lowerBound
    file.replaceSubrange(start..<start + 4, with: [0, 0, 0xc0, 0x7f])
    try Data(file).write(to: URL(fileURLWithPath: path))
    let error = try #require(throws: WeightsError.self) { try SafetyModel(ModelFolder(source.path)) }
    #expect(error.tensor == "safety_checker.concept_embeds_weights" && error.reason.contains("nan"))
  }

  /// A model is what it draws: the checker's folder does not change it, and its weights are in the budget of all.
  @Test func theCheckerIsNoPartOfTheModel() throws {
    let hashes = FileHashes(file: nil)
    let with = try model()
    let fingerprint = try ModelFingerprint.make(of: with, hashes: hashes)
    let summary = try ModelSummary.inspect(with)
    try FileManager.default.removeItem(atPath: with.path)
    let without = try model(parts: [])
    #expect(try ModelFingerprint.make(of: without, hashes: hashes) == fingerprint)
    #expect(try ModelSummary.inspect(without) == summary && summary.parts.count == 3)

    let residents = ResidentModels(try CPUBackend(threads: 1))
    let before = residents.backend.bytesHeld
    _ = try checker().verdict(on: picture("trips"), on: residents)
    #expect(residents.backend.bytesHeld > before)
    residents.removeAll()
    #expect(residents.backend.bytesHeld == before)
    let error = try #require(throws: DarkroomError.self) {
      try checker().verdict(
        on: picture("trips"), on: ResidentModels(CPUBackend(threads: 1), limit: 50_000))
    }
    #expect(error.kind == .resources)
  }
}
