import SystemFiles

/// The `model_index.json` of a model folder: its parts, and the classes of diffusers and transformers that they are of.
package struct ModelIndex {
  package static let file = "model_index.json"

  let fields: [String: JSONValue]
  /// Classes by the part's name; a part that a model does without is not there.
  package let classes: [String: String]

  /// - Throws: `WeightsError` if it is not a JSON object.
  package init(_ folder: ModelFolder) throws {
    let path = folder.path(Self.file)
    let entries: JSONValue
    do {
      entries = try JSONValue(folder.contents(Self.file) ?? [], dialect: .python)
    } catch {
      throw WeightsError(.malformed, file: path, "cannot be read as JSON: \(error)")
    }
    guard let fields = entries.fields else {
      throw WeightsError(.malformed, file: path, "is not a JSON object")
    }
    self.fields = fields
    classes = fields.compactMapValues { entry in
      guard case .list(let names) = entry, case .text(let name)? = names.last else { return nil }
      return name
    }
  }
}
