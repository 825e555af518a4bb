import Darkroom

extension Command {
  static let samplers = Command(
    name: "samplers", summary: "list samplers and schedules, and say which to take first", options: [.json],
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
        first + "\n\n" + table([["sampler", "calls a step", "noise", "aliases"]] + samplers) + "\n\n"
          + table([["schedule", "aliases"]] + schedules))
    }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let samplers = Catalogue.samplers
    let schedules = Catalogue.schedules
  }

  private static let first =
    wrapped(
      """
      Take first: dpmpp_2m with the schedule karras and 20 to 30 steps, or euler. With 8 to 15 steps: unipc. For
      another picture of the same seed with each number of steps: euler_a, dpmpp_2m_sde. lcm and tcd are for distilled
      models, with 4 to 8 steps. Without --sampler and --schedule the model's own are taken. darkroom compare measures
      which needs the fewest calls on your model.
      """)
}
