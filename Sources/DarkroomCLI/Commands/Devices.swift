import Darkroom

extension Command {
  static let devices = Command(
    name: "devices", summary: "list what can compute",
    options: [
      .switch(
        "pipelines", "say what each GPU's driver makes of the kernels: registers, spills, time to compile"
      ) {
        $0.pipelines = true
      },
      .switch("retest", "test the kernels again, whatever earlier tests found") { $0.retest = true },
      .json,
    ],
    details: [
      """
      The first column is for --device. Without it the first GPU is taken, or the processor if there is none; a
      software device computes only when it is named.
      """,
      """
      The kernels are tested on each GPU that was not seen before. One that computes wrongly, does not compile or does
      not end is replaced by a slower one. Results are kept until the driver or the kernels change.
      """,
    ],
    examples: ["darkroom devices --json", "darkroom devices --pipelines"]
  ) { invocation in
    if invocation.settings.pipelines { return try tellPipelines(invocation) }
    let (devices, noVulkan) = try DeviceSummary.all(retesting: invocation.settings.retest)
    if invocation.settings.json {
      try invocation.console.result(json: Listing(devices: devices))
    } else {
      try invocation.console.result(devices.map(\.text).joined(separator: "\n\n"))
    }
    if let noVulkan { invocation.console.notice(noVulkan) }
    return ExitCode.done
  }

  private static func tellPipelines(_ invocation: Invocation) throws -> Int32 {
    let reports = try PipelineReport.all()
    if invocation.settings.json {
      try invocation.console.result(json: PipelineListing(devices: reports))
    } else {
      try invocation.console.result(reports.map(\.text).joined(separator: "\n\n"))
    }
    if reports.isEmpty { invocation.console.notice("Vulkan finds no device on this machine") }
    return ExitCode.done
  }

  private struct Listing: Encodable {
    let devices: [DeviceSummary]
  }

  private struct PipelineListing: Encodable {
    let devices: [PipelineReport]
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

extension PipelineReport {
  fileprivate var text: String {
    var parts = [
      "\(device)  \(name)\n" + table(limits.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }, indent: 2)
    ]
    if !kernels.isEmpty {
      let heads = ["kernel", "compiled in", "registers", "spilled", "code"]
      let rows = kernels.map { kernel in
        [
          kernel.kernel, kernel.problem ?? "\(fixed(kernel.seconds * 1e3, places: 1)) ms", kernel.registers,
          kernel.spills, kernel.code,
        ]
      }
      parts.append(table([heads] + rows, indent: 2))
      if !tellsStatistics {
        parts.append(
          "  This driver tells neither registers nor spills: it has no VK_KHR_pipeline_executable_properties."
        )
      }
    }
    if let problem { parts.append("  cannot be used: \(problem)") }
    return parts.joined(separator: "\n\n")
  }
}
