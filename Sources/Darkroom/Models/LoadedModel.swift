import Families
import Graph
import Hub
import Sampling
import Weights

/// A model whose files are open and whose networks know their parameters. The numbers are read when a backend
/// packs them.
package final class LoadedModel {
  package let source: ModelSource
  private let contents: ModelContents
  package var checkpoint: Checkpoint { contents.checkpoint }
  package let network: any DiffusionModel
  let encodings = KeptEncodings()
  /// Begins to be made when it is first asked for.
  package lazy var fingerprint = FingerprintInProgress(source, .standard)

  /// - Throws: an error that names the file and the tensor or field that does not fit.
  package init(_ source: ModelSource, among families: [ModelFamily] = ModelFamily.all) throws {
    self.source = source
    let files = try source.isBuiltIn ? ModelFiles(ModelFolder.builtIn) : ModelFiles(source.path)
    contents = try ModelContents(files, configuration: source.configuration, vae: source.vae)
    network = try ModelFamily.assemble(contents, among: families)
  }

  package var traits: ModelTraits { network.traits }

  /// What judges finished pictures. It is opened when it is first asked for.
  /// - Throws: `DarkroomError` of kind `unsupported` if the model carries none; an error that names the file and the tensor or
  ///   field that does not fit.
  package func safetyChecker() throws -> SafetyChecker {
    if let openedSafetyChecker { return openedSafetyChecker }
    guard let model = try contents.safetyModel() else {
      throw DarkroomError(
        .unsupported, field: source.path,
        expected: "a Stable Diffusion 1 model in a folder whose model_index.json names a safety_checker",
        help: "many on the Hub carry one: darkroom pull OWNER/NAME --safety-checker",
        "carries no safety checker")
    }
    let opened = SafetyChecker(model)
    openedSafetyChecker = opened
    return opened
  }

  private var openedSafetyChecker: SafetyChecker?

  /// Where the numbers of all its networks come from.
  var sources: [any WeightSource] {
    [checkpoint] + (openedSafetyChecker.map { [$0.model.checkpoint] } ?? [])
  }

  /// The name that metadata and file names use.
  package var name: String { source.name }

  /// The model by name and content, with the VAE that it has instead of its own. Waits for the fingerprint.
  /// - Throws: `DarkroomError` of kind `model`; `CancellationError`.
  package func reference() throws -> ModelReference {
    var reference = try ModelReference(name: name, fingerprint.wait())
    reference.vae = try source.vae.map { path in
      VAEReference(
        name: ModelSource.name(path),
        fingerprint: try ModelFingerprint.make(ofVAE: path, hashes: .standard).description)
    }
    return reference
  }

  var summary: ModelSummary {
    ModelSummary(
      checkpoint, family: traits.familyTitle, nativeSide: traits.nativeSide,
      prediction: traits.prediction.rawValue, unknown: checkpoint.unusedNames())
  }
}

extension ModelSummary {
  /// Looks at a model without reading its numbers.
  /// - Throws: `DarkroomError` of kind `model`, naming the file and the tensor or field that does not fit.
  public static func inspect(_ source: ModelSource) throws -> ModelSummary {
    try DarkroomError.wrapping { try LoadedModel(source).summary }
  }

  init(_ checkpoint: Checkpoint, family: String, nativeSide: Int, prediction: String, unknown: [String]) {
    self.init(
      family: family, layout: checkpoint.layouts.joined(separator: ", "),
      parts: checkpoint.summaries.map { part in
        Part(
          name: part.part.rawValue, tensors: part.tensors, parameters: part.parameters,
          dtypes: Dictionary(uniqueKeysWithValues: part.dtypes.map { ($0.key.rawValue, $0.value) }))
      },
      nativeWidth: nativeSide, nativeHeight: nativeSide, prediction: prediction,
      scaledWeights: checkpoint.scaledWeights,
      additions: checkpoint.additions, unknownTensors: unknown)
  }
}
