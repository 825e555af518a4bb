import Darkroom

extension Command {
  static let samplers = Command(
    name: "samplers", summary: "list samplers and schedules", options: [.json],
    examples: ["darkroom samplers --json"]
  ) { invocation in
    if invocation.settings.json {
      try invocation.console.result(json: Listing())
    } else {
      try invocation.console.result(
        text("sampler", Catalogue.samplers) + "\n\n" + text("schedule", Catalogue.schedules))
    }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let samplers = Catalogue.samplers
    let schedules = Catalogue.schedules
  }

  private static func text(_ title: String, _ entries: [Catalogue.Entry]) -> String {
    table([[title, "aliases"]] + entries.map { [$0.name, $0.aliases.joined(separator: ", ")] })
  }
}
