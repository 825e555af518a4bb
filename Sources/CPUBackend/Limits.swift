import CPUKernels
import Graph
import SystemFiles

extension CPUBackend {
  /// Runs kernels that do nothing but multiply, or read, on all threads of the pool, for about a twentieth of a
  /// second each. The work is the same each time; rates are medians of many short turns.
  package func measuredLimits() throws -> HardwareLimits {
    let float32 = productsPerSecond(dk_limit_float32)
    let matrix = dk_limit_of(instructions.kernel, storages[0].kernel)
    return HardwareLimits(
      matrixOperations: matrix == dk_limit_float32 ? float32 : productsPerSecond(matrix),
      scalarOperations: float32, bytes: try bytesReadPerSecond())
  }

  /// Operations per second of AVX2 multiply-adds on the core that the caller runs on, over some three milliseconds.
  /// About half as many as otherwise mean that somebody else is busy on the core's other hyper-thread.
  package static func coreSpeed() -> Double { dk_core_speed() }

  private func productsPerSecond(_ limit: dk_limit) -> Double {
    let items = 64 * pool.threads
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: items) { results in
      let products = dk_products(limit: limit, factor: -1, summand: 0.7, results: results.baseAddress)
      // A pool's thread knows its instruction set; the caller outside of a pool's work may use another.
      let before = dk_current_isa()
      dk_use_isa(instructions.kernel)
      let work = dk_products_operations(limit) * Double(items)
      dk_use_isa(before)
      return rate(of: products, items: items, work: work, turns: 8) { context, item, _ in
        dk_products_item(context?.assumingMemoryBound(to: dk_products.self), item)
      }
    }
  }

  /// Of a block that no cache holds.
  private func bytesReadPerSecond() throws -> Double {
    let items = 256
    let block = try Buffer(bytes: items * Int(DK_READ_BYTES))
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: items) { results in
      let reading = dk_reading(
        block: block.pointer.assumingMemoryBound(to: UInt32.self), results: results.baseAddress)
      _ = rate(of: reading, items: items, work: 1, turns: 1) { context, item, _ in
        dk_reading_fill(context?.assumingMemoryBound(to: dk_reading.self), item)
      }
      let work = Double(block.bytes)
      return rate(of: reading, items: items, work: work, turns: 4) { context, item, _ in
        dk_reading_item(context?.assumingMemoryBound(to: dk_reading.self), item)
      }
    }
  }

  /// Work per second: the median of some turns, after one that is not counted.
  private func rate<Arguments>(
    of arguments: Arguments, items: Int, work: Double, turns: Int, _ kernel: @escaping dk_work
  ) -> Double {
    let clock = ContinuousClock()
    return withUnsafePointer(to: arguments) { arguments in
      let step = Step(items: items, work: kernel, context: UnsafeMutableRawPointer(mutating: arguments))
      let rates = (0...turns).map { _ in
        let time = clock.measure { pool.run(step) }
        return work / max(time.seconds, 1e-9)
      }
      return rates.dropFirst().sorted()[turns / 2]
    }
  }
}
