import CPUKernels

/// The one pool of threads of a backend.
final class ThreadPool {
  private let pool: OpaquePointer
  let threads: Int

  init(threads: Int, _ instructions: InstructionSet) throws {
    guard let pool = dk_pool_make(threads, instructions.kernel) else {
      throw OutOfResources(description: "cannot start \(threads) threads; ask for fewer")
    }
    self.pool = pool
    self.threads = threads
  }

  deinit { dk_pool_free(pool) }

  /// Runs a kernel over its items.
  func run(_ step: Step) { dk_pool_run(pool, step.items, step.work, step.context) }

  /// Calls `body` for each item; the first error is thrown when all are done or skipped.
  func forEach(_ items: Int, _ body: @escaping (Int) throws -> Void) throws {
    let job = Job(items: items, body: body)
    let context = Unmanaged.passUnretained(job).toOpaque()
    dk_pool_run(
      pool, items,
      { context, item, _ in
        guard let context else { return }
        Unmanaged<Job>.fromOpaque(context).takeUnretainedValue().perform(item)
      }, context)
    for case .failure(let error)? in job.results { throw error }
  }
}

/// Each item writes its own slot, so no two threads share one.
private final class Job {
  let body: (Int) throws -> Void
  private let slots: UnsafeMutableBufferPointer<Result<Void, any Error>?>
  var results: UnsafeMutableBufferPointer<Result<Void, any Error>?> { slots }

  init(items: Int, body: @escaping (Int) throws -> Void) {
    self.body = body
    slots = .allocate(capacity: items)
    slots.initialize(repeating: nil)
  }

  deinit {
    slots.deinitialize()
    slots.deallocate()
  }

  func perform(_ item: Int) { slots[item] = Result { try body(item) } }
}
