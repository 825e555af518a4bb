import Graph
import Models
import Sampling
import Tokenizer
import Weights

/// A model's files: its tensors, and the folder with what says how to use them.
package struct ModelContents {
  package let path: String
  package let checkpoint: Checkpoint
  /// The folder with configurations, `scheduler/` and `tokenizer/`, if there is one.
  private let folder: ModelFolder?
  /// What stands in the place of the model's own autoencoder.
  private let vae: AutoencoderFile?

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
  }

  /// The shape of a tensor, by our name.
  package func shape(_ name: String) -> Shape? { checkpoint.tensor(name)?.shape }

  /// A part's `config.json`; nil without a folder, when sizes are inferred from the tensors.
  package func configuration(_ part: ModelPart) throws -> ConfigurationFile? {
    if part == .vae, let vae { return try vae.folder.map { try $0.configuration("config.json") } }
    return try folder.map { try $0.configuration("\(part.rawValue)/config.json") }
  }

  /// A JSON file of the folder, if it is there.
  package func configuration(_ name: String) throws -> ConfigurationFile? {
    guard let folder, folder.has(name) else { return nil }
    return try folder.configuration(name)
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

  /// How the model was trained to see noise: what its folder says, else the marks of a single file.
  /// - Parameter usual: the prediction of the family.
  func schedule(usual: Prediction) throws -> ModelSchedule {
    if let file = try configuration(ModelSchedule.file) { return try ModelSchedule(file, prediction: usual) }
    return try TrainingMarks(checkpoint).schedule(usual: usual)
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

  /// The vocabulary of a folder of the model, else the built-in one of CLIP.
  package func tokenizer(_ name: String = "tokenizer") throws -> CLIPTokenizer {
    guard let folder, folder.has(name) else { return CLIPTokenizer(try Vocabulary.clip()) }
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
  fileprivate func configuration(_ name: String) throws -> ConfigurationFile {
    guard let bytes = try contents(name) else {
      throw WeightsError(.unreadable, file: path(name), "no such file")
    }
    return try ConfigurationFile(path(name), bytes)
  }
}
