import Graph
import Models
import Sampling
import SystemFiles
import Tokenizer
import Weights

/// A model's files: its tensors, and the folder with what says how to use them.
package struct ModelContents {
  package let path: String
  package let checkpoint: Checkpoint
  /// The folder with configurations, `scheduler/` and `tokenizer/`, if there is one.
  let folder: ModelFolder?
  /// What stands in the place of the model's own autoencoder.
  private let vae: AutoencoderFile?
  /// Nil if the folder has none, as one that a caller names may.
  let index: ModelIndex?

  /// - Parameters:
  ///   - configuration: a folder that the caller names, instead of the files' own.
  ///   - vae: a file or folder with an autoencoder instead of the model's own.
  /// - Throws: `WeightsError`, or `FamilyError` if there is no such folder.
  package init(_ files: ModelFiles, configuration: String? = nil, vae: String? = nil) throws {
    path = files.path
    self.vae = try vae.map { try AutoencoderFile($0) }
    checkpoint = try Checkpoint(files, vae: self.vae)
    if let configuration, !ModelFolder(configuration).has("") {
      throw FamilyError(
        file: configuration, "no such folder; expected one with unet/config.json and the like")
    }
    folder = configuration.map { ModelFolder($0) } ?? files.folder
    index = try folder.flatMap { $0.has(ModelIndex.file) ? try ModelIndex($0) : nil }
  }

  /// The shape of a tensor, by our name.
  package func shape(_ name: String) -> Shape? { checkpoint.tensor(name)?.shape }

  /// A part's `config.json`; nil without a folder, when sizes are inferred from the tensors.
  package func configuration(_ part: ModelPart) throws -> ConfigurationFile? {
    if part == .vae, let vae { return try vae.folder.map { try $0.configuration("config.json") } }
    return try folder.map { try $0.configuration("\(part.rawValue)/config.json") }
  }

  /// diffusers' class of the autoencoder with this `config.json`; nil if no file says it.
  func autoencoderClass(_ file: ConfigurationFile) throws -> String? {
    let own = vae == nil ? index?.classes[ModelPart.vae.rawValue] : nil
    return try own ?? file.string("_class_name")
  }

  /// A JSON file of the folder, if it is there.
  package func configuration(_ name: String) throws -> ConfigurationFile? {
    guard let folder, folder.has(name) else { return nil }
    return try folder.configuration(name)
  }

  /// Refuses parts of another class than those that are known here.
  package func expectClasses(_ known: [ModelPart: [String]]) throws {
    for (part, names) in known.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let isReplaced = part == .vae && vae != nil
      guard let name = index?.classes[part.rawValue], !names.contains(name), !isReplaced else { continue }
      throw FamilyError(
        file: folder?.path(ModelIndex.file) ?? path,
        "\(part.rawValue): \(name) is not supported; expected \(names.joined(separator: " or "))")
    }
  }

  /// How the model was trained to see noise: what its folder's scheduler says, else the marks of a single file.
  /// - Parameters:
  ///   - usual: the prediction of the family.
  ///   - overridden: fields that the family's pipeline sets in any file.
  package func schedule(usual: Prediction, overridden: [String: JSONValue]) throws -> ModelSchedule {
    try expectNamed("scheduler", ModelSchedule.file)
    guard let file = try configuration(ModelSchedule.file) else {
      return try TrainingMarks(checkpoint).schedule(usual: usual)
    }
    return try ModelSchedule(file, class: index?.classes["scheduler"], overridden: overridden)
  }

  /// The table of a second scheduler in the folder; nil if there is none.
  func noiseTable(_ part: String) throws -> ScheduleSettings? {
    let name = "\(part)/scheduler_config.json"
    try expectNamed(part, name)
    guard let file = try configuration(name) else { return nil }
    let scheduler = index?.classes[part] ?? "DDPMScheduler"
    guard let known = SchedulerClass.named(scheduler) else {
      throw file.error("_class_name", "\"\(scheduler)\" is not supported; expected DDPMScheduler")
    }
    return try ScheduleSettings(tableOf: file.filled(with: known.fields))
  }

  /// Refuses a folder without a part that its index names.
  private func expectNamed(_ part: String, _ file: String) throws {
    guard let folder, let name = index?.classes[part], !folder.has(file) else { return }
    throw FamilyError(
      file: folder.path(file),
      "no such file, though \(ModelIndex.file) names a \(part) (\(name)); "
        + "expected the whole model: copy or download it again")
  }

  /// How the model's latents look by a table of its own; nil if it has none.
  func previewColours(channels: Int) throws -> PreviewColours? {
    // The table belongs to the model's own autoencoder.
    guard vae == nil else { return nil }
    return try configuration("vae/preview.json").map { try PreviewColours($0, channels: channels) }
  }

  /// - Throws: `FamilyError` if a part of the model is not there at all.
  func require(_ parts: [ModelPart]) throws {
    let there = Set(checkpoint.summaries.map(\.part))
    let missing = parts.filter { !there.contains($0) }
    guard !missing.isEmpty, !there.isEmpty else { return }
    throw FamilyError(
      file: path,
      "a model with no \(missing.map(\.title).joined(separator: " and no ")); expected a checkpoint with all of "
        + parts.map(\.title).joined(separator: ", "))
  }

  /// The prediction that stands beside a single file: a model's content does not tell it, so pictures must.
  func predictionBesideFile() throws -> Prediction? {
    try configuration(ModelSchedule.file) == nil ? TrainingMarks(checkpoint).besideFile() : nil
  }

  /// Runs a body whose inference from tensors may fail.
  /// - Throws: `FamilyError` instead of `InferenceError`.
  package func inferring<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as InferenceError {
      throw FamilyError(file: path, "not a model of a known family: \(error)")
    }
  }

  private static let tokenizerClasses: [JSONValue] = ["CLIPTokenizer", "CLIPTokenizerFast"]

  /// What the user should know if a tokenizer that the index names is not there: CLIP's vocabulary is the same for all
  /// models of a family, so the built-in one serves.
  package func tokenizerNotices(_ name: String = "tokenizer") -> [String] {
    guard let folder, index?.classes[name] != nil, !folder.has(name) else { return [] }
    return [
      "\(folder.path(name)): no such folder, though \(ModelIndex.file) names it; CLIP's own vocabulary is used"
    ]
  }

  /// The vocabulary of a folder of the model, else the built-in one of CLIP.
  /// - Parameters:
  ///   - length: tokens of a sequence, which the tokenizer must not ask to be another.
  ///   - padToken: that fills sequences of the built-in one; nil for the end token.
  package func tokenizer(_ name: String = "tokenizer", length: Int, padToken: String? = nil) throws
    -> CLIPTokenizer
  {
    if let file = try configuration("\(name)/tokenizer_config.json") {
      try file.expect([
        "model_max_length": [.number(Double(length))], "padding_side": ["right"],
        "tokenizer_class": Self.tokenizerClasses,
      ])
    }
    guard let folder, folder.has(name) else { return CLIPTokenizer(try Vocabulary.clip(padToken: padToken)) }
    let files = VocabularyFolder(folder.path(name)) { file in
      do {
        return try folder.contents("\(name)/\(file)")
      } catch let error as WeightsError {
        throw VocabularyError.unreadable(file: error.file, reason: error.reason)
      }
    }
    return CLIPTokenizer(try Vocabulary.load(files))
  }
}

extension ModelFolder {
  func configuration(_ name: String) throws -> ConfigurationFile {
    guard let bytes = try contents(name) else {
      throw WeightsError(.unreadable, file: path(name), "no such file")
    }
    return try ConfigurationFile(path(name), bytes)
  }
}
