import Darkroom

extension Command {
  static let models = Command(
    name: "models", summary: "list the built-in model and those in the cache", options: [.json],
    details: [
      """
      The cache is the one of all programs of the Hugging Face Hub, so it may hold more than models for pictures.
      Revisions of one repository share files; each one's size counts all of its own.
      """
    ],
    examples: ["darkroom models --json"]
  ) { invocation in
    let models = try [.builtIn] + invocation.store.models()
    if invocation.settings.json {
      try invocation.console.result(json: Listing(models: models))
    } else {
      try invocation.console.result(table(rows(models)))
    }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let models: [StoredModel]
  }

  private static func rows(_ models: [StoredModel]) -> [[String]] {
    [["model", "revision", "commit", "size", "family"]]
      + models.map { model in
        [
          model.repository, model.revisions.joined(separator: ", "), String(model.commit.prefix(8)),
          readableBytes(model.bytes), family(of: model),
        ]
      }
  }

  private static func family(of model: StoredModel) -> String {
    guard model.missing.isEmpty else {
      return singleLine(
        "incomplete, without \(model.missing.joined(separator: ", ")); darkroom pull \(model.repository)")
    }
    guard model.choices.isEmpty else {
      return singleLine(
        "several, to be named by path in \(model.path): \(model.choices.joined(separator: ", "))")
    }
    return model.family ?? "none that Darkroom loads"
  }
}
