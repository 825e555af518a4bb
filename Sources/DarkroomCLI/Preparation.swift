import Darkroom
import Glibc
import SystemFiles

/// What a process needs before anything else. The language's own memory and threads end a process that cannot have
/// them, so a limit that is too tight is found here.
enum Preparation {
  /// What reading a model and planning takes at most, beside the networks themselves.
  private static let leastBytes = 160 << 20
  /// Enough for the deepest recursion, of shader compilers.
  private static let stackBytes = 2 << 20
  /// Threads beside those that compute: signals, the engine, previews, fingerprints.
  private static let leastThreads = 8
  /// Files beside the standard streams: the model's, and those that threads wait for each other with.
  private static let leastFiles = 12

  /// - Throws: `DarkroomError` of kind `resources`.
  static func begin() throws {
    StandardStreams.keepClosed()
    // A reader of our results that goes away is told to us by EPIPE, and a file that grows beyond a limit by EFBIG.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    ProcessLimits.raise(RLIMIT_STACK, to: 8 << 20)
    ProcessLimits.raise(RLIMIT_NOFILE, to: 1024)
    ProcessLimits.warnEarly(RLIMIT_CPU)
    if ProcessLimits.bytesLeft != nil || ProcessLimits.soft(RLIMIT_STACK).map({ $0 < stackBytes }) ?? false {
      try saveAddresses()
    }
    if let left = ProcessLimits.bytesLeft, left < leastBytes {
      throw DarkroomError(
        .resources, field: "memory", expected: "\(leastBytes >> 20) MiB at least",
        help: "raise the limit (ulimit -v, ulimit -d, or vm.overcommit_memory of the system)",
        "this process may have \(left >> 20) MiB more")
    }
    try checkFiles()
    try checkThreads()
  }

  private static func checkFiles() throws {
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    while files.count < leastFiles {
      let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else {
        throw DarkroomError(
          .resources, field: "files", expected: "\(leastFiles) at least", help: "raise the limit (ulimit -n)",
          "only \(files.count) can be opened: \(systemReason())")
      }
      files.append(file)
    }
  }

  /// Threads take a stack of their own as large as the limit of the first one, and a heap of their own.
  private static func saveAddresses() throws {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, stackBytes)
    // Both functions are glibc's own, so they are looked up.
    typealias SetDefault = @convention(c) (UnsafePointer<pthread_attr_t>) -> CInt
    typealias SetOption = @convention(c) (CInt, CInt) -> CInt
    if let symbol = dlsym(nil, "pthread_setattr_default_np") {
      _ = unsafeBitCast(symbol, to: SetDefault.self)(&attributes)
    }
    let mostHeaps: CInt = -8
    if let symbol = dlsym(nil, "mallopt") { _ = unsafeBitCast(symbol, to: SetOption.self)(mostHeaps, 1) }
    pthread_attr_destroy(&attributes)
  }

  /// Starts threads for a moment.
  private static func checkThreads() throws {
    let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    defer { gate.deallocate() }
    pthread_mutex_init(gate, nil)
    pthread_mutex_lock(gate)
    var threads: [pthread_t] = []
    var code: Int32 = 0
    while threads.count < leastThreads, code == 0 {
      var thread = pthread_t()
      code = pthread_create(
        &thread, nil,
        { gate in
          guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
          pthread_mutex_lock(gate)
          pthread_mutex_unlock(gate)
          return nil
        }, gate)
      if code == 0 { threads.append(thread) }
    }
    pthread_mutex_unlock(gate)
    for thread in threads { pthread_join(thread, nil) }
    pthread_mutex_destroy(gate)
    guard code == 0 else {
      throw DarkroomError(
        .resources, field: "threads", expected: "\(leastThreads) at least",
        help: "raise the limit (ulimit -u, or pids.max of the control group)",
        "only \(threads.count) can be started: \(systemReason(code))")
    }
  }
}
