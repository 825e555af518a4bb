import Darkroom

extension Command {
  static let inspect = Command(
    name: "inspect", summary: "say what a model is, without reading its numbers",
    arguments: ["MODEL"], options: [.configuration, .json],
    details: [
      """
      MODEL is a diffusers folder, a .safetensors file, OWNER/NAME of a model that darkroom pull has fetched, or
      built-in.
      """
    ],
    examples: ["darkroom inspect sd15.safetensors"]
  ) { invocation in
    let summary = try ModelSummary.inspect(
      invocation.store.source(
        named: invocation.words[0], configuration: invocation.settings.configuration))
    if invocation.settings.json {
      try invocation.console.result(json: summary)
    } else {
      try invocation.console.result(summary.text)
    }
    return ExitCode.done
  }
}

extension ModelSummary {
  /// The summary as tables, with the first ten of the unknown tensors.
  var text: String {
    let facts = table([
      ["family", family], ["layout", layout], ["native size", "\(nativeWidth)x\(nativeHeight)"],
      ["prediction", prediction],
    ])
    let rows = parts.map { part in
      let types = part.dtypes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      return [part.name, "\(part.tensors)", Self.readable(part.parameters), types.joined(separator: ", ")]
    }
    let networks = table([["part", "tensors", "parameters", "types"]] + rows)
    var unknown = "unknown tensors: \(unknownTensors.count)"
    for name in unknownTensors.prefix(10) { unknown += "\n  \(singleLine(name))" }
    if unknownTensors.count > 10 { unknown += "\n  …" }
    return [facts, networks, unknown].joined(separator: "\n\n")
  }

  /// 859520964 as 859.52 M.
  private static func readable(_ count: Int) -> String {
    count < 1_000_000 ? "\(count)" : "\(fixed(Double(count) / 1e6, places: 2)) M"
  }
}
