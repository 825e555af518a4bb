import Glibc

/// The limits of one process, which `ulimit` sets.
package enum ProcessLimits {
  /// The limit now; nil if there is none.
  package static func soft(_ limit: __rlimit_resource) -> Int? {
    values(limit).flatMap { Int(exactly: $0.rlim_cur) }
  }

  /// Makes a limit so large, or as large as the process may.
  package static func raise(_ limit: __rlimit_resource, to wanted: Int) {
    guard var values = values(limit), values.rlim_cur < rlim_t(wanted) else { return }
    values.rlim_cur = min(values.rlim_max, rlim_t(wanted))
    setrlimit(__rlimit_resource_t(limit.rawValue), &values)
  }

  /// Lets the signal of a limit come a while before the limit at which the kernel ends the process.
  package static func warnEarly(_ limit: __rlimit_resource) {
    guard var values = values(limit), let hard = Int(exactly: values.rlim_max), hard > 1 else { return }
    values.rlim_cur = min(values.rlim_cur, rlim_t(hard - max(1, min(30, hard / 10))))
    setrlimit(__rlimit_resource_t(limit.rawValue), &values)
  }

  /// Bytes of memory, used or not, that the process may still ask for; nil if nothing limits that.
  package static var bytesLeft: Int? {
    let limits = [(RLIMIT_AS, "VmSize"), (RLIMIT_DATA, "VmData")].compactMap { limit, used in
      soft(limit).map { $0 - (SystemTable.number(used, in: "/proc/self/status") ?? 0) }
    }
    // A kernel that promises no more than it has.
    let isStrict = SystemTable.number("/proc/sys/vm/overcommit_memory") == 2
    let promised = isStrict ? SystemTable.number("Committed_AS", in: "/proc/meminfo") : nil
    let most = promised.flatMap { used in
      SystemTable.number("CommitLimit", in: "/proc/meminfo").map { $0 - used }
    }
    return (limits + [most].compactMap { $0 }).min().map { max(0, $0) }
  }

  private static func values(_ limit: __rlimit_resource) -> rlimit? {
    var values = rlimit()
    return getrlimit(__rlimit_resource_t(limit.rawValue), &values) == 0 ? values : nil
  }
}
