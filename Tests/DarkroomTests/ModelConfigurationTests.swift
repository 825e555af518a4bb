import Darkroom
import Families
import Foundation
import Pictures
import PipelineTestSupport
import TestSupport
import Testing
import Weights

/// The fields of `unet`, `vae`, `text_encoder` and `tokenizer` in a model folder's JSON files, against the picture of
/// diffusers' own pipeline (scripts/fixtures/models/make_configurations.py): that picture, or a refusal.
@Suite struct ModelConfigurationTests {
  struct Case: Decodable {
    let file: String
    /// JSON: what is set there beside the tiny model's own fields.
    let change: String
    let height: Int?
    let levels: [Double]?
  }

  struct Content: Decodable {
    let prompt: String
    let negative_prompt: String
    let seed: UInt64
    let guidance_scale: Double
    let cases: [String: Case]
  }

  static let content = Result {
    try JSONDecoder().decode(Content.self, from: Fixtures.data("configurations/models.json"))
  }
  private static let all = (try? content.get())?.cases ?? [:]
  private static func titles(_ files: String...) -> [String] {
    all.filter { files.contains($0.value.file) }.map(\.key).sorted()
  }
  static let networks = titles("", "unet/config.json", "vae/config.json", "text_encoder/config.json")
  static let tokenizers = titles("tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json")

  /// What is refused though diffusers draws it.
  private static let refused = [
    "hidden_act", "use_attention_mask", "act_fn", "attention_head_dim [2, 4, 8]", "center_input_sample",
    "block_type",
    "downsample_padding", "encoder_hid_dim", "mid_block_scale_factor", "sample_size [8, 10]",
    "time_cond_proj_dim",
    "time_embedding_act_fn", "timestep_post_act", "transformer_layers_per_block", "layers_per_block 2",
    "flip_sin_to_cos None",
    // Their tensors are in the file, which diffusers warns of alone.
    "mid_block_add_attention False", "use_post_quant_conv False",
  ]

  private func object(_ data: Data) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func changed(_ golden: Case) throws -> [String: String] {
    guard !golden.file.isEmpty else { return [:] }
    let fields = try object(Fixtures.data("sd1_tiny/\(golden.file)"))
      .merging(try object(Data(golden.change.utf8))) { $1 }
    return [golden.file: String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)]
  }

  @Test(arguments: networks) func networksAreFollowedOrRefused(_ title: String) throws {
    let content = try Self.content.get()
    let golden = try #require(content.cases[title])
    let folder = try TemporaryFolder()
    let model = try TinyModel.copy(into: folder, files: changed(golden))
    let pipeline: Pipeline
    do {
      pipeline = try TinyModel.pipeline(model)
    } catch {
      let isExpected = golden.levels == nil || Self.refused.contains { title.contains($0) }
      #expect(isExpected, "\(error)")
      return
    }
    guard let levels = golden.levels, let height = golden.height else { return }
    #expect(pipeline.model.traits.nativeSide == height)
    // Older files mean 512 pixels.
    guard height <= 80 else { return }
    var request = GenerationRequest(prompt: content.prompt)
    request.negativePrompt = content.negative_prompt
    (request.promptSyntax, request.promptMode, request.precision) = (.plain, .truncate, .float32)
    (request.steps, request.guidanceScale, request.seed) = (4, content.guidance_scale, content.seed)
    let picture = try pipeline.decode(pipeline.latents(request))
    let made = stride(from: 0, to: picture.pixels.count, by: 191).map { Double(picture.pixels[$0]) }
    #expect(zip(made, levels).allSatisfy { abs($0 - $1) <= 1 } && made.count == levels.count)
  }

  /// Whether diffusers draws the same picture with the change is what its levels say.
  @Test(arguments: tokenizers) func tokenizersAreFollowedOrRefused(_ title: String) throws {
    let content = try Self.content.get()
    let golden = try #require(content.cases[title])
    let same = golden.levels != nil && golden.levels == content.cases["nothing"]?.levels
    let ends = #""bos_token":"<|startoftext|>","eos_token":"<|endoftext|>","unk_token":"<|endoftext|>""#
    let special = "tokenizer/special_tokens_map.json"
    var files = ["vocab.json", "merges.txt", "tokenizer_config.json"].reduce(into: [special: "{\(ends)}"]) {
      $0["tokenizer/\($1)"] = try? String(contentsOf: Fixtures.url("tokenizer/pair/\($1)"), encoding: .utf8)
    }
    let fields = try object(Data((files[golden.file] ?? "").utf8)).merging(object(Data(golden.change.utf8))) {
      $1
    }
    files[golden.file] = String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
    let folder = try TemporaryFolder()
    let model = try TinyModel.copy(into: folder, files: files)
    // Which token fills sequences is followed.
    guard same || fields["pad_token"] as? String == "!" else {
      #expect(throws: (any Error).self) { try TinyModel.pipeline(model) }
      return
    }
    _ = try TinyModel.pipeline(model)
  }

  private func problem(_ files: [String: String?], scheduler: String? = nil) throws -> String {
    let folder = try TemporaryFolder()
    let model = try TinyModel.copy(into: folder, scheduler: scheduler, files: files.compactMapValues { $0 })
    for (file, text) in files where text == nil {
      try FileManager.default.removeItem(atPath: "\(model)/\(file)")
    }
    do {
      _ = try TinyModel.pipeline(model)
      return ""
    } catch {
      return "\(error)".replacingOccurrences(of: model, with: "MODEL")
    }
  }

  @Test func partsThatTheIndexNames() throws {
    #expect(
      try problem(["scheduler/scheduler_config.json": nil])
        == "MODEL/scheduler/scheduler_config.json: no such file, though model_index.json names a scheduler "
        + "(PNDMScheduler); expected the whole model: copy or download it again")
    let index = String(decoding: try Fixtures.data("sd1_tiny/model_index.json"), as: UTF8.self)
    let other = index.replacingOccurrences(of: "AutoencoderKL", with: "AsymmetricAutoencoderKL")
    #expect(
      try problem(["model_index.json": other])
        == "MODEL/model_index.json: vae: AsymmetricAutoencoderKL is not supported; expected AutoencoderKL or AutoencoderTiny"
    )
  }

  /// CLIP's vocabulary is the same for all models of the family.
  @Test func aMissingTokenizerIsTold() throws {
    let index =
      #"{"scheduler":["d","DDIMScheduler"],"unet":["d","UNet2DConditionModel"],"#
      + #""tokenizer":["t","CLIPTokenizer"],"vae":["d","AutoencoderKL"],"text_encoder":["t","CLIPTextModel"]}"#
    let folder = try TemporaryFolder()
    let model = try TinyModel.copy(into: folder, files: ["model_index.json": index])
    let job = try TinyModel.pipeline(model).resolve(GenerationRequest(prompt: "a"))
    let notices = job.notices.map(\.description)
    #expect(
      notices.contains(
        "\(model)/tokenizer: no such folder, though model_index.json names it; CLIP's own vocabulary is used")
    )
    // The fixture's file names another class than the index.
    let otherClass = "_class_name is PNDMScheduler; model_index.json says DDIMScheduler"
    #expect(notices.contains { $0.contains(otherClass) })
    let unused = "skip_prk_steps is not used by DDIMScheduler, in diffusers either"
    #expect(notices.contains { $0.hasSuffix(unused) })
    #expect((job.request.sampler, job.request.steps, job.request.guidanceScale) == ("ddim", 50, 7.5))
  }

  @Test func fieldsAndClassesAreNamed() throws {
    func scheduler(_ text: String, _ name: String = "DDIMScheduler") throws -> String {
      try problem(["scheduler/scheduler_config.json": text], scheduler: name)
    }
    let file = "MODEL/scheduler/scheduler_config.json"
    #expect(
      try scheduler(#"{"prediction_type":"flow"}"#)
        == file
        + #": prediction_type: "flow" is not supported; expected "epsilon" or "v_prediction" or "sample""#)
    #expect(
      try scheduler("{}", "EDMEulerScheduler").hasPrefix(
        file + #": _class_name: "EDMEulerScheduler" is not supported; expected one of DDIMScheduler, "#))
    #expect(
      try scheduler(#"{"use_karras_sigmas":true,"use_beta_sigmas":true}"#, "EulerDiscreteScheduler")
        == file + ": use_beta_sigmas: is true beside use_karras_sigmas; expected one of them")
    #expect(
      try scheduler(#"{"algorithm_type":"dpmsolver"}"#, "DPMSolverMultistepScheduler")
        == file
        + ": final_sigmas_type: \"zero\" has no picture with algorithm_type dpmsolver, in diffusers either; "
        + "expected \"sigma_min\"")
    #expect(
      try scheduler(#"{"beta_start":2}"#) == file + ": beta_start: expected a number in 0.0...1.0")
  }
}
