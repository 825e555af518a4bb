import Darkroom

extension Command {
  static let devices = Command(
    name: "devices", summary: "list what can compute", options: [.json],
    details: [
      """
      The first column is for --device. Without it the first GPU is taken, or the processor if there is none; a
      software device computes only when it is named.
      """
    ],
    examples: ["darkroom devices --json"]
  ) { invocation in
    let (devices, noVulkan) = DeviceSummary.all()
    if invocation.settings.json {
      try invocation.console.result(json: Listing(devices: devices))
    } else {
      try invocation.console.result(devices.map(\.text).joined(separator: "\n\n"))
    }
    if let noVulkan { invocation.console.notice(noVulkan) }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let devices: [DeviceSummary]
  }
}

extension DeviceSummary {
  private var verdict: String {
    distrusted.isEmpty ? "all kernels are right" : "wrong and replaced: \(distrusted.joined(separator: ", "))"
  }

  fileprivate var text: String {
    let rows = [
      ["kind", kind], ["driver", driver], ["uuid", uuid],
      ["memory", "\(readableBytes(memory)), \(readableBytes(largestAllocation)) in one piece"],
      ["matrices", matrices], ["precisions", precisions.joined(separator: ", ")],
      ["self-test", problem == nil && kind != "cpu" ? verdict : ""], ["cannot be used", problem ?? ""],
    ]
    return "\(id)  \(name)\n" + table(rows.filter { !$0[1].isEmpty }, indent: 2)
  }
}
