import FoundationEssentials
import Glibc
import SystemFiles

/// What this machine could still give to this process.
package enum AvailableMemory {
  /// What a process with a limit of its own needs beside networks and pictures, such as stacks of threads.
  private static let kept = 96 << 20

  /// Bytes that can be taken now: the kernel's estimate, and what the control groups and the process's own limits leave.
  package static var bytes: Int {
    let machine =
      SystemTable.number("MemAvailable", in: "/proc/meminfo") ?? Int(ProcessInfo.processInfo.physicalMemory)
    let own = ProcessLimits.bytesLeft.map { max(0, $0 - kept) }
    return [machine, ControlGroups.own.bytesLeft, own].compactMap { $0 }.min() ?? machine
  }
}

/// What this process takes of the machine's memory.
package enum ResidentMemory {
  /// The most that it has had at once, in bytes; nil where the system does not tell. `getrusage` would count what
  /// the parent had before the program was started.
  package static var peak: Int? { SystemTable.number("VmHWM", in: "/proc/self/status") }

  /// What it has now.
  package static var now: Int? { SystemTable.number("VmRSS", in: "/proc/self/status") }

  /// Gives the system what the allocator keeps of freed memory. The function is glibc's own, so it is looked up.
  static func returnFree() {
    typealias Trim = @convention(c) (Int) -> CInt
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
  }
}
