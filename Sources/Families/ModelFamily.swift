import Models
import Weights

/// A kind of model: how to recognise one by its files, and how to put it together. A new family is a type that
/// conforms to `DiffusionModel`, in a file of its own, and a row here.
package struct ModelFamily: Sendable {
  /// For programs and for people.
  package let name: String
  package let title: String
  /// Puts a model together; nil if the files are not of this family, with a word about what they are.
  /// - Throws: an error that names the file and the tensor or field that does not fit.
  let assemble: @Sendable (_ contents: ModelContents) throws -> Assembly

  package enum Assembly {
    case model(any DiffusionModel)
    /// What the model's networks are, for the message if no family knows them.
    case foreign(_ networks: String)
  }

  package init(
    name: String, title: String, assemble: @escaping @Sendable (_ contents: ModelContents) throws -> Assembly
  ) {
    (self.name, self.title, self.assemble) = (name, title, assemble)
  }

  /// Every family; the first that recognises a model is used.
  package static let all: [ModelFamily] = [
    .stableDiffusion1, .stableDiffusion2, .stableDiffusionX4,
  ]

  /// Puts the model together that these files hold.
  /// - Throws: `FamilyError` if no family knows it; an error that names the file and the tensor or field at fault.
  package static func assemble(
    _ contents: ModelContents, among families: [ModelFamily] = all
  ) throws -> any DiffusionModel {
    var networks = ""
    for family in families {
      switch try family.assemble(contents) {
      case .model(let model): return model
      case .foreign(let found): networks = found
      }
    }
    let known = families.map(\.title).joined(separator: " or ")
    throw FamilyError(file: contents.path, "a model of no known family (\(networks)); expected \(known)")
  }
}

/// A model's files do not make a model that is known here. The description is one sentence for the user.
package struct FamilyError: Error, CustomStringConvertible {
  package let file: String
  package let reason: String
  package var description: String { "\(file): \(reason)" }

  package init(file: String, _ reason: String) { (self.file, self.reason) = (file, reason) }
}

/// A field of a model's JSON files cannot be used.
package typealias ConfigurationError = Models.ConfigurationError
