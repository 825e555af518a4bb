import FoundationEssentials
import Glibc

/// What this machine could still give to this process.
enum AvailableMemory {
  /// Bytes that can be taken now: the kernel's estimate, and what the control group leaves.
  static var bytes: Int {
    let machine =
      kibibytes("MemAvailable", in: "/proc/meminfo") ?? Int(ProcessInfo.processInfo.physicalMemory)
    guard let limit = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current")
    else { return machine }
    return min(machine, max(0, limit - used))
  }

  /// Nil for "max", and where there are no control groups.
  private static func number(_ path: String) -> Int? {
    (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { Int($0.prefix { !$0.isWhitespace }) }
  }
}

/// What this process takes of the machine's memory.
package enum ResidentMemory {
  /// The most that it has had at once, in bytes; nil where the system does not tell. `getrusage` would count what
  /// the parent had before the program was started.
  package static var peak: Int? { kibibytes("VmHWM", in: "/proc/self/status") }

  /// Gives the system what the allocator keeps of freed memory. The function is glibc's own, so it is looked up.
  static func returnFree() {
    typealias Trim = @convention(c) (Int) -> CInt
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
  }
}

/// A field of one of the kernel's tables in KiB, as bytes.
private func kibibytes(_ field: String, in path: String) -> Int? {
  guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
  for line in text.split(separator: "\n") where line.hasPrefix("\(field):") {
    return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
  }
  return nil
}
