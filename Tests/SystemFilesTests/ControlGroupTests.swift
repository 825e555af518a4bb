import Glibc
import SystemFiles
import TestSupport
import Testing

/// Limits of control groups as the kernel writes them down.
@Suite final class ControlGroupTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ files: [String: String], in group: String) throws {
    try Paths.makeFolder("\(folder.path)/\(group)")
    for (name, text) in files {
      try AtomicFile.write(Array("\(text)\n".utf8), to: "\(folder.path)/\(group)/\(name)")
    }
  }

  private func mount(_ type: String, root: String = "/", _ options: String = "rw") -> String {
    "31 23 0:26 \(root) \(folder.path) rw,relatime shared:4 - \(type) \(type) \(options)\n"
  }

  private func groups(_ groups: String, _ mounts: String) -> ControlGroups {
    ControlGroups(groups: groups, mounts: mounts, usual: "\(folder.path)/none")
  }

  @Test func eachGroupAboveCounts() throws {
    let groups = groups("0::/user.slice/x.scope\n", mount("cgroup2"))
    #expect(groups.bytesLeft == nil && groups.cores == nil)
    try write(["memory.max": "max", "memory.current": "1"], in: "user.slice/x.scope")
    #expect(groups.bytesLeft == nil)
    try write(["memory.max": "1000", "memory.current": "900", "cpu.max": "250000 100000"], in: "user.slice")
    #expect(groups.bytesLeft == 100 && groups.cores == 3)
    try write(
      ["memory.max": "80", "memory.current": "10", "cpu.max": "max 100000"], in: "user.slice/x.scope")
    #expect(groups.bytesLeft == 70 && groups.cores == 3)
    try write(["memory.high": "50"], in: "user.slice/x.scope")
    #expect(groups.bytesLeft == 40)
    try write(["memory.max": "5", "memory.current": "10", "cpu.max": "5000 100000"], in: ".")
    #expect(groups.bytesLeft == 0 && groups.cores == 1)
  }

  @Test func filesThatNobodyUsesGoAtOnce() throws {
    try write(
      [
        "memory.max": "2000", "memory.current": "1900",
        "memory.stat": "anon 50\nfile 1850\ninactive_file 1800\nactive_file 50",
      ], in: ".")
    #expect(groups("0::/\n", mount("cgroup2")).bytesLeft == 1900)
  }

  @Test func versionOne() throws {
    try write(
      [
        "memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "900",
        "memory.stat": "inactive_file 1\ntotal_inactive_file 300", "cpu.cfs_quota_us": "150000",
        "cpu.cfs_period_us": "100000",
      ], in: "batch")
    let own = "4:memory:/batch/job\n1:cpu,cpuacct:/batch/job\n0::/\n"
    let both = groups(own, mount("cgroup", "rw,cpu,cpuacct") + mount("cgroup", "rw,memory"))
    #expect(both.bytesLeft == 400 && both.cores == 2)
    try write(["cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"], in: "batch")
    #expect(both.cores == nil)
    let other = groups(own, mount("cgroup", "rw,pids"))
    #expect(other.bytesLeft == nil && other.cores == nil)
    // As containers see it whose own group is mounted as the root.
    let inside = groups(own, mount("cgroup", root: "/batch/job", "rw,memory"))
    try write(["memory.limit_in_bytes": "70", "memory.usage_in_bytes": "20"], in: ".")
    #expect(inside.bytesLeft == 50)
  }

  @Test(arguments: [
    ("", ""), ("0::/../../x", "31 23 0:26 / /none rw - cgroup2"), ("nonsense", "a - b"),
    ("4:memory", "1 2 3 4 5 6 - cgroup cgroup memory"),
  ])
  func strangeTablesSayNothing(own: String, mounts: String) {
    let groups = groups(own, mounts)
    #expect(groups.bytesLeft == nil && groups.cores == nil)
  }

  @Test func tables() throws {
    try write(["table": "VmSize:\t   12 kB\nfile 7\nVmData: x kB"], in: ".")
    let path = "\(folder.path)/table"
    #expect(SystemTable.number("VmSize", in: path) == 12 << 10 && SystemTable.number("file", in: path) == 7)
    #expect(SystemTable.number("VmData", in: path) == nil && SystemTable.number("Vm", in: path) == nil)
    #expect(SystemTable.text("\(path)/none") == nil && SystemTable.number(path) == nil)
  }
}
