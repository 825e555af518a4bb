import Darkroom

extension Command {
  static let bench = Command(
    name: "bench", summary: "measure how fast this machine makes pictures",
    options: [
      .model, .configuration,
      .size, .precision,
      Option(
        name: "rounds", placeholder: "N", meaning: "samples of each time", initial: "3", expected: "1 to 100"
      ) { settings, text in
        guard let count = Int(text), (1...100).contains(count) else { return false }
        settings.rounds = count
        return true
      },
      .switch("wait", "read a line from the input before each sample, to take turns with another program") {
        $0.wait = true
      },
      .switch("ops", "time each op by itself, and say what share of the device's limits it reaches") {
        $0.ops = true
      },
      .threads, .memoryLimit, .device, .json,
    ],
    details: [
      "Times the loading of the weights, sampling steps with guidance, and the decoding of one picture."
    ],
    examples: ["darkroom bench --model sd15 --size 512x512"]
  ) { invocation in
    let (settings, console) = (invocation.settings, invocation.console)
    let engine = try await invocation.engine(try invocation.model())
    var request = settings.request
    request.prompt = "a photo of a cat"
    request.seed = 0
    if settings.ops {
      let (ops, limits) = try await engine.measureOps(request)
      try settings.json
        ? console.result(json: OpListing(ops: ops, limits: limits))
        : console.result(OpListing.text(ops, limits))
      return ExitCode.done
    }
    let result = try await engine.measure(request, rounds: settings.rounds) { name, seconds in
      if let seconds { return console.notice("\(name): \(fixed(seconds, places: 3)) s") }
      if settings.wait, readLine() == nil { throw CancellationError() }
    }
    if settings.json { try console.result(json: result) } else { try console.result(result.text) }
    return ExitCode.done
  }
}

private struct OpListing: Encodable {
  let ops: [OpSpeed]
  let limits: DeviceLimits

  static func text(_ ops: [OpSpeed], _ limits: DeviceLimits) -> String {
    func number(_ value: Double?, _ unit: String) -> String {
      value.map { "\(significant($0, digits: 3)) \(unit)" } ?? "unknown"
    }
    let rows = ops.map { op in
      [
        op.network, op.name, "\(op.count)", "\(fixed(op.seconds * 1e3, places: 3)) ms",
        number(op.operationsPerSecond / 1e9, "GFLOP/s"), number(op.bytesPerSecond / 1e9, "GB/s"),
        op.share.map { "\(fixed($0 * 100, places: 0)) %" } ?? "",
      ]
    }
    let heads = [["network", "op", "count", "time", "arithmetic", "memory", "of the limit"]]
    let matrix = number(limits.matrixOperationsPerSecond.map { $0 / 1e9 }, "GFLOP/s")
    let scalar = number(limits.scalarOperationsPerSecond.map { $0 / 1e9 }, "GFLOP/s")
    let memory = number(limits.bytesPerSecond.map { $0 / 1e9 }, "GB/s")
    return table(heads + rows) + "\n\nlimits: matrices \(matrix), float32 \(scalar), memory \(memory)"
  }
}

extension SpeedMeasurement {
  /// Medians, with the least and the most.
  fileprivate var text: String {
    func row(_ name: String, _ samples: [Double]) -> [String] {
      let sorted = samples.sorted()
      guard let least = sorted.first, let most = sorted.last else { return [name] }
      return [name] + [sorted[sorted.count / 2], least, most].map { "\(fixed($0, places: 3)) s" }
    }
    return table([
      ["\(instructions), \(precision), \(threads) threads", "median", "least", "most"],
      row("load", [load]), row("step", steps), row("decode", decodes),
    ])
  }
}
