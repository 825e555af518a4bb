import Darkroom

extension Command {
  static let remove = Command(
    name: "remove", summary: "delete a model from the cache",
    arguments: ["REPO"],
    options: [
      .switch("dry-run", "say what would be deleted, and delete nothing") { $0.dryRun = true }, .json,
    ],
    details: [
      """
      REPO is OWNER/NAME for all of its revisions, or OWNER/NAME@REVISION for one; files that other revisions
      use stay. Nothing is asked first.
      """
    ],
    examples: ["darkroom remove OWNER/NAME --dry-run", "darkroom remove OWNER/NAME@v2"]
  ) { invocation in
    let settings = invocation.settings
    let removed = try invocation.store.remove(invocation.words[0], dryRun: settings.dryRun)
    if settings.json {
      try invocation.console.result(json: removed)
    } else {
      let what = removed.revisions + removed.commits.map { String($0.prefix(8)) }
      try invocation.console.result(
        "\(removed.repository) (\(what.joined(separator: ", "))): \(readableBytes(removed.bytes)) "
          + (settings.dryRun ? "would be free" : "freed"))
    }
    return ExitCode.done
  }
}
