import Darkroom

extension Command {
  static let samplers = Command(
    name: "samplers", summary: "list samplers and schedules", options: [.json],
    examples: ["darkroom samplers --json"]
  ) { invocation in
    if invocation.settings.json {
      try invocation.console.result(json: Listing())
    } else {
      let samplers = Catalogue.samplers.map {
        [$0.name, "\($0.callsPerStep)", $0.isStochastic ? "yes" : "no", $0.aliases.joined(separator: ", ")]
      }
      let schedules = Catalogue.schedules.map { [$0.name, $0.aliases.joined(separator: ", ")] }
      try invocation.console.result(
        table([["sampler", "calls a step", "noise", "aliases"]] + samplers) + "\n\n"
          + table([["schedule", "aliases"]] + schedules))
    }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let samplers = Catalogue.samplers
    let schedules = Catalogue.schedules
  }

}
