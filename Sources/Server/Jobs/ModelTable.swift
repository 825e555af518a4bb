import Darkroom

/// A model that the server draws with.
package struct ServedModel: Sendable {
  /// What clients call it.
  package let name: String
  package let source: ModelSource
  package let description: ModelDescription
  /// The arithmetics that its device can do.
  package let precisions: [GenerationRequest.Precision]

  package init(
    name: String, source: ModelSource, description: ModelDescription,
    precisions: [GenerationRequest.Precision]
  ) {
    (self.name, self.source, self.description, self.precisions) = (name, source, description, precisions)
  }
}

/// The models that are served, and what clients call them: their own names, and names of hosted models that stand for
/// one of them.
package struct ModelTable: Sendable {
  /// The first is the one for requests that name none.
  package let models: [ServedModel]
  /// Names of hosted models, with the names of served ones.
  package let aliases: [String: String]

  /// - Precondition: there is a model.
  package init(_ models: [ServedModel], aliases: [String: String] = [:]) {
    precondition(!models.isEmpty, "no model")
    (self.models, self.aliases) = (models, aliases)
  }

  package var first: ServedModel { models[0] }

  package func model(named name: String) -> ServedModel? { models.first { $0.name == name } }

  /// The model that clients call so, by its own name or another's.
  package func model(id: String) -> ServedModel? {
    model(named: id) ?? aliases[id].flatMap { model(named: $0) }
  }

  /// Everything that `model(id:)` knows.
  package var ids: [String] { models.map(\.name) + aliases.keys.filter { model(named: $0) == nil }.sorted() }
}
