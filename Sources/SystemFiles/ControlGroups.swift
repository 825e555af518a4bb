import Glibc

/// The control groups that this process is in, of version 1 and 2, with those above them: the limit of each one counts.
/// (Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst)
package struct ControlGroups {
  private enum Controller: String {
    case memory, cpu
  }

  /// Folders of a controller's groups, the process's own and those above, and the version that they are of.
  private var folders: [(controller: Controller, version: Int, path: String)] = []

  package static var own: ControlGroups {
    ControlGroups(
      groups: SystemTable.text("/proc/self/cgroup") ?? "",
      mounts: SystemTable.text("/proc/self/mountinfo") ?? "")
  }

  /// - Parameters:
  ///   - groups: as in `/proc/self/cgroup`.
  ///   - mounts: as in `/proc/self/mountinfo`.
  ///   - usual: where control groups are mounted usually, beside what `mounts` says.
  package init(groups: String, mounts: String, usual: String = "/sys/fs/cgroup") {
    let lines = groups.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 2).map(String.init) }
    let mounted = mounts.split(separator: "\n").compactMap { Mount($0) }
    func add(_ controller: Controller, version: Int, group: String, _ mounts: [Mount]) {
      for mount in mounts {
        for path in mount.folders(of: group) { folders.append((controller, version, path)) }
      }
    }
    // An empty list of controllers is version 2: "0::/user.slice".
    let unified = groups.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    for controller in [Controller.memory, .cpu] {
      add(
        controller, version: 2, group: unified ?? "/",
        mounted.filter { $0.type == "cgroup2" } + [Mount(point: usual)])
      let named = lines.first {
        $0.count == 3 && $0[1].split(separator: ",").contains(controller.rawValue[...])
      }
      add(
        controller, version: 1, group: named?[2] ?? "/",
        mounted.filter { $0.type == "cgroup" && $0.options.contains(controller.rawValue[...]) }
          + [Mount(point: "\(usual)/\(controller.rawValue)")])
    }
  }

  /// Bytes that may still be taken; nil if no group has a limit. What the kernel keeps of files and nobody has used
  /// lately is not in use: it goes at once when memory is needed.
  package var bytesLeft: Int? {
    folders.filter { $0.controller == .memory }.compactMap { folder in
      let (limits, used, cached) =
        folder.version == 2
        ? (["memory.max", "memory.high"], "memory.current", "inactive_file")
        : (["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file")
      func number(_ name: String) -> Int? { SystemTable.number("\(folder.path)/\(name)") }
      guard let limit = limits.compactMap(number).min(), let used = number(used) else { return nil }
      let idle = SystemTable.number(cached, in: "\(folder.path)/memory.stat") ?? 0
      return max(0, limit - max(0, used - idle))
    }.min()
  }

  /// Cores that the groups may use at a time, rounded up; nil if no group has a limit.
  package var cores: Int? {
    folders.filter { $0.controller == .cpu }.compactMap { folder in
      let (quota, period): (Int?, Int?)
      if folder.version == 2 {
        // "200000 100000", or "max 100000".
        let words = SystemTable.text("\(folder.path)/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
        (quota, period) = (words.first.flatMap { Int($0) }, words.last.flatMap { Int($0) })
      } else {
        quota = SystemTable.number("\(folder.path)/cpu.cfs_quota_us")
        period = SystemTable.number("\(folder.path)/cpu.cfs_period_us")
      }
      guard let quota, let period, quota > 0, period > 0 else { return nil }
      return max(1, (quota - 1) / period + 1)
    }.min()
  }
}

/// A line of `/proc/self/mountinfo`.
private struct Mount {
  let point: String
  /// What of the file system is mounted there.
  var root = "/"
  var type = ""
  var options: [Substring] = []

  init(point: String) { self.point = point }

  /// "31 23 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate"; nil for another.
  init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard let hyphen = words.firstIndex(of: "-"), hyphen >= 6, words.count > hyphen + 3 else { return nil }
    (root, point, type) = (String(words[3]), String(words[4]), String(words[hyphen + 1]))
    options = words[hyphen + 3].split(separator: ",")
  }

  /// Folders of a group and of those above it, as far as they are mounted.
  func folders(of group: String) -> [String] {
    let parts = group.split(separator: "/")
    let above = root.split(separator: "/")
    // What lies outside of a mounted part cannot be seen, and what is mounted is the group itself or one above.
    let inside = parts.starts(with: above) && !parts.contains("..") ? parts.dropFirst(above.count) : []
    return (0...inside.count).map { ([point[...]] + inside.prefix($0)).joined(separator: "/") }
  }
}
