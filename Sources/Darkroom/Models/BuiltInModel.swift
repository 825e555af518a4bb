import BuiltInModel
import Weights

extension ModelSource {
  /// The small model that the engine brings along, and by which it is known wherever a model is named. What it
  /// can draw stands in `scripts/demo-model/README.md`.
  public static let builtIn = ModelSource(builtIn: "built-in")
}

extension ModelFolder {
  /// The built-in model's files, which are part of this program.
  package static let builtIn: ModelFolder = {
    var count = 0
    let files = UnsafeBufferPointer(start: built_in_model_files(&count), count: count)
    return ModelFolder(
      name: ModelSource.builtIn.path,
      files: Dictionary(
        uniqueKeysWithValues: files.map { file in
          (String(cString: file.path), UnsafeRawBufferPointer(start: file.bytes, count: file.count))
        }))
  }()
}

extension ModelFingerprint {
  /// Of the built-in model; made with it, so that no program has to read it for that.
  package static let builtIn: ModelFingerprint = {
    let text = String(cString: built_in_model_fingerprint())
    guard let fingerprint = ModelFingerprint(text) else { preconditionFailure("'\(text)' is no fingerprint") }
    return fingerprint
  }()
}

extension StoredModel {
  /// The built-in model, as it stands in a list of models.
  public static let builtIn: StoredModel = {
    let summary = try? ModelSummary.inspect(.builtIn)
    return StoredModel(
      repository: ModelSource.builtIn.path, commit: "", revisions: [], path: ModelSource.builtIn.path,
      family: summary?.family, bytes: ModelFolder.builtIn.bytes, missing: [], choices: [])
  }()
}
