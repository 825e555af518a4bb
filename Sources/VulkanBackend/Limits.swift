import Graph

extension VulkanBackend {
  /// Runs kernels that do nothing but multiply, or copy, for about a tenth of a second each.
  package func measuredLimits() throws -> HardwareLimits {
    let scratch = try DeviceBuffer(context.device, bytes: 256, home: .device, purpose: "measuring")
    defer { withExtendedLifetime(scratch) {} }
    var limits = HardwareLimits()
    limits.scalarOperations = try rate { rounds in
      let push = PeakPush(result: scratch.address, rounds: UInt32(rounds), factor: 0.5)
      let groups = (x: 1024, y: 1, z: 1)
      let kernel = KernelKey(name: "peak_scalar", half: false)
      return (
        Dispatch(kernel, push, groups: groups, access: BarrierPlanner.Access(), cost: 0),
        16 * Double(rounds) * 1024 * 128
      )
    }
    limits.matrixOperations = try matrixRate(scratch) ?? limits.scalarOperations
    limits.bytes = try bytesPerSecond()
    return limits
  }

  private func matrixRate(_ scratch: DeviceBuffer) throws -> Double? {
    guard let shape = context.choices.matrixShape else { return nil }
    let size = context.choices.subgroupSize
    let kernel = KernelKey(
      name: "peak_matrix_\(shape)", half: false, constants: [UInt32(4 * size)], subgroupSize: size)
    return try rate { rounds in
      let push = PeakPush(result: scratch.address, rounds: UInt32(rounds), factor: 0.01)
      let products = 8.0 * Double(rounds) * 4 * 1024
      return (
        Dispatch(kernel, push, groups: (1024, 1, 1), access: BarrierPlanner.Access(), cost: 0),
        products * 2 * Double(shape.rows * shape.columns * shape.depth)
      )
    }
  }

  /// Of 128 MiB read and 128 MiB written: more than caches hold.
  private func bytesPerSecond() throws -> Double? {
    let bytes = min(128 << 20, context.arena.segment, context.device.bytesAvailable / 4)
    let buffers = try (0..<2).map { _ in
      try DeviceBuffer(context.device, bytes: bytes, home: .device, purpose: "measuring")
    }
    let kernel = KernelKey(name: "peak_copy", half: false)
    let push = CopyPush(data: buffers[0].address, result: buffers[1].address, count: UInt32(bytes / 16))
    let dispatch = Dispatch(
      kernel, push, groups: grid(elements: bytes / 16), access: BarrierPlanner.Access(), cost: 0)
    // Dispatches know addresses, not who owns them.
    let seconds = try withExtendedLifetime(buffers) {
      try (0..<4).map { _ in try context.queue.seconds(of: [dispatch], context.kernels) }
    }
    return seconds.dropFirst().min().flatMap { $0 > 0 ? 2 * Double(bytes) / $0 : nil }
  }

  /// Work per second, with as many rounds as take a tenth of a second.
  private func rate(_ dispatch: (_ rounds: Int) throws -> (Dispatch, work: Double)) throws -> Double? {
    var rounds = 16
    while true {
      let (dispatch, work) = try dispatch(rounds)
      let seconds = try context.queue.seconds(of: [dispatch], context.kernels)
      guard seconds > 0 else { return nil }
      if seconds > 0.05 || rounds >= 1 << 24 { return work / seconds }
      rounds *= seconds > 0.005 ? Int((0.1 / seconds).rounded(.up)) : 8
    }
  }
}

private struct PeakPush {
  var result: UInt64
  var rounds: UInt32
  var factor: Float
}

private struct CopyPush {
  var data: UInt64
  var result: UInt64
  var count: UInt32
}
