import CVulkan

/// One call of a kernel.
struct Dispatch {
  let kernel: KernelKey
  /// Push constants.
  let push: [UInt8]
  /// Work groups; a dispatch can be cut along y.
  let groups: (x: Int, y: Int, z: Int)
  let access: BarrierPlanner.Access
  /// About what it costs, in floating-point operations.
  let cost: Double

  init<Push: BitwiseCopyable>(
    _ kernel: KernelKey, _ push: Push, groups: (x: Int, y: Int, z: Int), access: BarrierPlanner.Access,
    cost: Double
  ) {
    self.kernel = kernel
    self.push = withUnsafeBytes(of: push) { Array($0) }
    precondition(self.push.count <= KernelLibrary.pushBytes, "push constants of \(kernel.name)")
    self.groups = groups
    self.access = access
    self.cost = cost
  }
}

/// Part of a dispatch: its groups from one y to another.
private struct Part {
  let dispatch: Dispatch
  let rows: Range<Int>
  let waits: Bool
}

/// Recorded dispatches, cut into submissions none of which keeps the device busy for long, so that progress can
/// be told, a job cancelled, and no driver loses its patience.
final class CommandList {
  private let queue: Queue
  private let chunks: [Commands]
  private let clock: Clock?

  var count: Int { chunks.count }

  /// - Parameter mostCost: of one submission.
  init(_ dispatches: [Dispatch], _ queue: Queue, _ kernels: KernelLibrary, mostCost: Double)
    throws(VulkanError)
  {
    self.queue = queue
    let cut = CommandList.cut(dispatches, mostCost: mostCost)
    let clock = try cut.isEmpty ? nil : Clock(queue.device, marks: 2 * cut.count)
    self.clock = clock
    var chunks: [Commands] = []
    for (index, parts) in cut.enumerated() {
      let commands = try Commands(queue)
      try commands.record { recorder throws(VulkanError) in
        if index == 0 { clock.map { recorder.reset($0) } }
        clock.map { recorder.mark($0, 2 * index) }
        for part in parts {
          try recorder.record(part.dispatch, rows: part.rows, waits: part.waits, kernels)
        }
        clock.map { recorder.mark($0, 2 * index + 1) }
        if index == cut.count - 1 { recorder.showToHost() }
      }
      chunks.append(commands)
    }
    self.chunks = chunks
  }

  private static func cut(_ dispatches: [Dispatch], mostCost: Double) -> [[Part]] {
    var chunks: [[Part]] = []
    var planner = BarrierPlanner()
    var current: (parts: [Part], cost: Double) = ([], 0)
    for (index, dispatch) in dispatches.enumerated() {
      // Whatever ran before this list may have touched anything.
      let waits = planner.waits(dispatch.access) || index == 0
      let pieces = min(dispatch.groups.y, max(1, Int((dispatch.cost / mostCost).rounded(.up))))
      for piece in 0..<pieces {
        let rows = dispatch.groups.y * piece / pieces..<dispatch.groups.y * (piece + 1) / pieces
        let cost = dispatch.cost / Double(pieces)
        if !current.parts.isEmpty, current.cost + cost > mostCost {
          chunks.append(current.parts)
          current = ([], 0)
        }
        current.parts.append(Part(dispatch: dispatch, rows: rows, waits: waits && piece == 0))
        current.cost += cost
      }
    }
    if !current.parts.isEmpty { chunks.append(current.parts) }
    return chunks
  }

  /// Runs everything and waits for the end, at most two submissions ahead of the device.
  /// - Parameter check: is called before each submission; what it throws ends the run once the device is idle.
  /// - Returns: seconds of the longest submission, if the device has a clock.
  @discardableResult
  func run(check: () throws -> Void) throws -> Double? {
    var submitted: [UInt64] = []
    do {
      for chunk in chunks {
        try check()
        if submitted.count >= 2 { try queue.wait(for: submitted[submitted.count - 2]) }
        submitted.append(try queue.submit(chunk))
      }
    } catch {
      if let last = submitted.last { try? queue.wait(for: last) }
      throw error
    }
    guard let last = submitted.last else { return nil }
    try queue.wait(for: last)
    return try clock.map { try longest($0) }
  }

  private func longest(_ clock: Clock) throws -> Double {
    let marks = try clock.seconds(2 * chunks.count)
    return chunks.indices.map { marks[2 * $0 + 1] - marks[2 * $0] }.max() ?? 0
  }
}
