import Darkroom
import Measuring

extension Command {
  static let bench = Command(
    name: "bench", summary: "measure how fast this machine makes pictures",
    options: benchOptions,
    details: [
      """
      Times the loading of the weights, sampling steps with guidance (--cfg-scale 1: without), the decoding of one
      picture, and one whole picture with its --steps. With --ops, every op of a step and of a decoding, in turns with the most that the
      device does: its products in the same precision, and its memory.
      """,
      """
      The core's speed is that of a short loop of AVX2 products on one core, before and after each sample. Where it
      falls to about half, somebody else is busy on the core's other hyper-thread, and times mean little.
      """,
    ],
    examples: [
      "darkroom bench --model sd15 --size 512x512",
      "darkroom bench --ops --precision float32",
    ]
  ) { invocation in
    let (settings, console) = (invocation.settings, invocation.console)
    let engine = try await invocation.engine(try invocation.model())
    var request = settings.request
    request.prompt = "a photo of a cat"
    request.seed = 0
    if settings.ops {
      let result = try await engine.measureOps(request, rounds: settings.rounds)
      if settings.json { try console.result(json: result) } else { try console.result(result.text) }
      return ExitCode.done
    }
    let result = try await engine.measure(request, rounds: settings.rounds) { _ in
      if settings.wait, readLine() == nil { throw CancellationError() }
    } after: { sample in
      let speeds = sample.coreSpeeds.map { fixed($0 / 1e9, places: 1) }.joined(separator: ", ")
      console.notice(
        "\(sample.kind.rawValue): \(fixed(sample.seconds, places: 4)) s (core \(speeds) GFLOP/s)")
    }
    if settings.json { try console.result(json: result) } else { try console.result(result.text) }
    return ExitCode.done
  }

  private static let benchOptions: [Option] = {
    let request =
      ["size", "width", "height", "precision", "cfg-scale"].flatMap { Option.field($0) }
      + Option.field("steps", "sampling steps of the whole picture")
    let own: [Option] = [
      Option(
        name: "rounds", group: .speed, placeholder: "N", meaning: "samples of each time", initial: "3",
        expected: "1 to 100"
      ) { settings, text in
        guard let count = Int(text), (1...100).contains(count) else { return false }
        settings.rounds = count
        return true
      },
      .switch(
        "wait", "read a line from the input before each sample, to take turns with another program", .speed
      ) {
        $0.wait = true
      },
      .switch("ops", "time each op by itself, and say what share of the device's limits it reaches", .speed) {
        $0.ops = true
      },
      .threads, .memoryLimit, .noPackCache, .device, .json,
    ]
    return [.model, .configuration, .vae] + request + own
  }()
}

/// A rate in billions.
private func giga(_ value: Double?, _ unit: String) -> String {
  value.map { value in
    let billions = value / 1e9
    let number = billions < 100 ? significant(billions, digits: 3) : fixed(billions, places: 0)
    return "\(number) G\(unit)/s"
  } ?? "unknown"
}

private func percent(_ share: Double?) -> String {
  share.map { "\(fixed($0 * 100, places: 0)) %" } ?? ""
}

/// The middle one, the least and the most.
private func spread(_ samples: [Double]) -> (median: Double, least: Double, most: Double)? {
  let sorted = samples.sorted()
  guard let least = sorted.first, let most = sorted.last else { return nil }
  return (sorted[sorted.count / 2], least, most)
}

extension OpMeasurement {
  fileprivate var text: String {
    let milliseconds = { (seconds: Double) in "\(fixed(seconds * 1e3, places: 3)) ms" }
    let heads = [
      "network", "op", "kernel", "count", "time", "of the time", "arithmetic", "memory", "of the limit",
    ]
    let rows = ops.map { op in
      [
        op.network, op.name, op.kernel ?? "", "\(op.count)", milliseconds(op.seconds),
        percent(op.shareOfTime),
        giga(op.operationsPerSecond, "FLOP"), giga(op.bytesPerSecond, "B"), percent(op.share),
      ]
    }
    let summary = summaries.map { part in
      [
        part.network, part.name, milliseconds(part.seconds), percent(part.shareOfTime),
        giga(part.operationsPerSecond, "FLOP"), percent(part.share),
      ]
    }
    let summaryHeads = ["network", "together", "time", "of the time", "arithmetic", "of the products' limit"]
    var core = ""
    if let speed = spread(coreSpeeds) {
      core = """
        ; a core \(giga(speed.median, "FLOP")) (\(giga(speed.least, "FLOP")) to \(giga(speed.most, "FLOP")))
        """
    }
    return """
      \(table([heads] + rows))

      \(table([summaryHeads] + summary))

      \(instructions), \(precision), \(threads) threads; medians of \(rounds) rounds in turns with the limits
      limits: products in \(precision) \(giga(matrixLimit, "FLOP")), in float32 \
      \(giga(limits.scalarOperationsPerSecond, "FLOP")), memory \(giga(limits.bytesPerSecond, "B"))\(core)
      """
  }
}

extension SpeedMeasurement {
  /// Medians, with the least and the most.
  fileprivate var text: String {
    func row(_ name: String, _ samples: [Double], _ shown: (Double) -> String) -> [String] {
      guard let spread = spread(samples) else { return [name] }
      return [name] + [spread.median, spread.least, spread.most].map(shown)
    }
    let seconds = { (value: Double) in "\(fixed(value, places: 3)) s" }
    var rows = [
      ["\(instructions), \(precision), \(threads) threads", "median", "least", "most"],
      row("load", [load], seconds), row("step", steps, seconds), row("decode", decodes, seconds),
      row("picture of \(stepsOfPicture) steps", pictures, seconds),
      row("core", coreSpeeds) { giga($0, "FLOP") },
    ]
    if let peakMemory { rows.append(["peak memory", readableBytes(peakMemory)]) }
    return table(rows)
  }
}
