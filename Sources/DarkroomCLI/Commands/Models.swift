import Darkroom

extension Command {
  static let models = Command(
    name: "models", summary: "list the built-in model, those in folders and those in the cache",
    options: [.json],
    details: [
      """
      Folders are those of DARKROOM_MODELS, with : between them, and of "models" in ~/.config/darkroom/config.json: the
      folder of A1111, ComfyUI or InvokeAI, its folder of checkpoints, or any other. --model takes the name alone.
      """,
      """
      The cache is the one of all programs of the Hugging Face Hub, so it may hold more than models for pictures.
      Revisions of one repository share files; each one's size counts all of its own.
      """,
    ],
    examples: ["darkroom models --json"]
  ) { invocation in
    let models = try [.builtIn] + invocation.store.models()
    for folder in invocation.store.missingFolders {
      invocation.console.notice("there is no folder \(quoted(folder)), which should hold models")
    }
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
          singleLine(model.repository), model.revisions.joined(separator: ", "),
          String(model.commit.prefix(8)),
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
    return model.family ?? singleLine("none that Darkroom loads" + (model.reason.map { ": \($0)" } ?? ""))
  }
}
