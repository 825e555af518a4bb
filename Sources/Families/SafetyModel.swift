import Graph
import Models
import Weights

/// The safety checker of a Stable Diffusion 1 folder (diffusers StableDiffusionSafetyChecker) that has put itself together:
/// CLIP's vision encoder as a module, and the concepts whose likeness to a picture makes it unsafe.
///
/// The module reads `picture`, prepared as `preparation` says, and `places`; it makes `embedding`.
package final class SafetyModel {
  /// A direction among embeddings, and the cosine from which on a picture shows it.
  package struct Concept {
    package let direction: [Float]
    package let threshold: Float
  }

  package let checkpoint: Checkpoint
  package let preparation: PicturePreparation
  /// Concepts that make the thresholds of all that come after them lower.
  package let specialCare: [Concept]
  package let concepts: [Concept]
  private let encoder: VisionEncoder

  fileprivate static let supportedClass = "StableDiffusionSafetyChecker"

  /// - Parameter folder: of the model.
  /// - Throws: `WeightsError`, `ConfigurationError` or `FamilyError`, which name the file and the tensor or field at fault.
  package init(_ folder: ModelFolder) throws {
    let part = ModelPart.safetyChecker
    checkpoint = try Checkpoint(ModelFiles(part, of: folder))
    let file = try folder.configuration("\(part.rawValue)/config.json")
    let configuration = try VisionEncoderConfiguration(file)
    preparation = try PicturePreparation(folder.configuration(ModelFolder.preprocessorFile))
    guard preparation.side == configuration.side else {
      throw FamilyError(
        file: folder.path(ModelFolder.preprocessorFile),
        "crop_size: \(preparation.side) is not supported; expected \(configuration.side), the image_size of \(file.path)"
      )
    }
    let weights = checkpoint[part]
    encoder = VisionEncoder(weights, configuration)
    let vectors = (
      weights.concepts("special_care_embeds", configuration),
      weights.concepts("concept_embeds", configuration)
    )
    try checkpoint.verify()
    if let unknown = checkpoint.unusedNames().first {
      throw WeightsError(
        .unsupported, file: checkpoint.files.first ?? folder.path, tensor: unknown,
        "is no part of a \(Self.supportedClass)")
    }
    (specialCare, concepts) = (try vectors.0.read(), try vectors.1.read())
  }

  /// The network, for one picture.
  package var module: Module {
    Module(ModelPart.safetyChecker.rawValue, sizes: [], of: checkpoint) { [encoder] in encoder.graph() }
  }

  /// What the module reads as `places`.
  package var places: [Float] { (0..<encoder.configuration.tokens).map(Float.init) }
  /// Numbers of what it makes of a picture.
  package var embeddingCount: Int { encoder.configuration.projection }
}

extension ModelContents {
  /// The safety checker of the folder; nil if its `model_index.json` names none, and for a single file.
  /// - Throws: as `SafetyModel.init`; `FamilyError` for one of another class, and where it is named but not there.
  package func safetyModel() throws -> SafetyModel? {
    let part = ModelPart.safetyChecker
    guard let folder, index?.classes[part.rawValue] != nil else { return nil }
    try expectClasses([part: [SafetyModel.supportedClass]])
    guard folder.has(part.rawValue) else {
      throw FamilyError(
        file: folder.path(part.rawValue),
        "no such folder, though \(ModelIndex.file) names it; copy it there, or fetch it with darkroom pull --safety-checker"
      )
    }
    return try SafetyModel(folder)
  }
}

/// Tensors of concepts that are not read yet.
private struct ConceptTensors {
  /// What errors call the file.
  let file: String
  let directions: Parameter
  let thresholds: Parameter

  func read() throws -> [SafetyModel.Concept] {
    let (rows, thresholds) = (try numbers(directions), try numbers(thresholds))
    let width = directions.rowCount
    return thresholds.enumerated().map { index, threshold in
      SafetyModel.Concept(
        direction: Array(rows[(index * width)..<((index + 1) * width)]), threshold: threshold)
    }
  }

  /// A number that is none would let every picture pass.
  private func numbers(_ parameter: Parameter) throws -> [Float] {
    var numbers = [Float](repeating: 0, count: parameter.count)
    try numbers.withUnsafeMutableBufferPointer { try parameter.read(into: $0) }
    if let bad = numbers.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .malformed, file: file, tensor: parameter.name,
        "holds \(numbers[bad]) at element \(bad): the file is damaged; download it again")
    }
    return numbers
  }
}

extension Weights {
  /// As many as the file has, and one at least.
  fileprivate func concepts(_ name: String, _ configuration: VisionEncoderConfiguration) -> ConceptTensors {
    let count = max(1, shape("\(name)_weights").flatMap { $0.rank == 1 ? $0[0] : nil } ?? 1)
    return ConceptTensors(
      file: checkpoint.name,
      directions: parameter(name, [count, configuration.projection]),
      thresholds: parameter("\(name)_weights", [count]))
  }
}
