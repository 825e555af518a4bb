import Glibc
import SystemFiles
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.bin"
    for count in [0, 1, 300_000, 5] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      try AtomicFile.write(bytes, to: path)
      #expect(Self.contents(of: path) == bytes)
    }
    #expect(folder.names == ["a.bin"])
  }

  @Test func permissionsFollowTheUmask() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      for (mask, expected) in [(0o022, 0o644), (0o077, 0o600), (0, 0o644)] as [(mode_t, mode_t)] {
        umask(mask)
        try AtomicFile.write([1], to: "\(folder.path)/a")
        var status = stat()
        #expect(stat("\(folder.path)/a", &status) == 0 && status.st_mode & 0o777 == expected)
      }
    }
  }

  @Test func errorsNameThePathAndTheReason() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/file"
    try AtomicFile.write([1], to: file)
    let long = "\(folder.path)/\(String(repeating: "x", count: 300))"
    for (path, reason) in [
      ("\(folder.path)/none/a", "No such file or directory"), ("\(file)/a", "Not a directory"),
      // Fails at the very end, when the bytes are already written beside it.
      (long, "File name too long"), (folder.path, "not a regular file"),
      ("/dev/null", "not a regular file"), ("", "the name is empty"),
    ] {
      let error = #expect(throws: FileError.self) { try AtomicFile.write([2], to: path) }
      #expect(error?.description == "cannot write \(path): \(reason)")
    }
    #expect(folder.names == ["file"])
  }

  @Test func anUnwritableDirectoryIsAnError() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try AtomicFile.write([1], to: "\(folder.path)/a")
      chmod(folder.path, 0o555)
      let user = geteuid()
      if user == 0 { #expect(seteuid(65534) == 0) }
      let error = #expect(throws: FileError.self) {
        try AtomicFile.write([2], to: "\(folder.path)/a")
      }
      #expect(error?.reason == "Permission denied")
      seteuid(user)
      chmod(folder.path, 0o755)
      #expect(folder.names == ["a"] && AtomicFileTests.contents(of: "\(folder.path)/a") == [1])
    }
  }

  @Test func aFullDiskLeavesTheOldFile() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try AtomicFile.write([1], to: "\(folder.path)/a")
      // As on a full disk, the first write is short and the second fails.
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      limit.rlim_cur = 1000
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let error = #expect(throws: FileError.self) {
        try AtomicFile.write(Array(repeating: 2, count: 5000), to: "\(folder.path)/a")
      }
      #expect(error?.reason == "File too large")
      #expect(folder.names == ["a"] && AtomicFileTests.contents(of: "\(folder.path)/a") == [1])
    }
  }

  @Test func piecesBecomeOneFile() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a"
    try AtomicFile.write(to: path) { output in
      for piece in [[1, 2], [], [3]] as [[UInt8]] { try piece.withUnsafeBytes { try output.write($0) } }
      #expect(folder.names.count == 1 && folder.names != ["a"])
    }
    #expect(Self.contents(of: path) == [1, 2, 3])
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try AtomicFile.write(to: path) { output in
        try [4 as UInt8].withUnsafeBytes { try output.write($0) }
        throw Stop()
      }
    }
    #expect(folder.names == ["a"] && Self.contents(of: path) == [1, 2, 3])
  }

  @Test func followsALink() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([1], to: "\(folder.path)/file")
    #expect(symlink("file", "\(folder.path)/link") == 0)
    try AtomicFile.write([2], to: "\(folder.path)/link")
    #expect(Self.contents(of: "\(folder.path)/file") == [2])
    var status = stat()
    #expect(lstat("\(folder.path)/link", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(symlink("/dev/null", "\(folder.path)/device") == 0)
    #expect(throws: FileError.self) { try AtomicFile.write([2], to: "\(folder.path)/device") }
  }

  @Test func aLinkThatLeadsNowhereGetsItsFile() throws {
    let folder = try TemporaryFolder()
    #expect(symlink("second", "\(folder.path)/first") == 0 && symlink("file", "\(folder.path)/second") == 0)
    try AtomicFile.check("\(folder.path)/first")
    try AtomicFile.write([1], to: "\(folder.path)/first")
    #expect(Self.contents(of: "\(folder.path)/file") == [1] && folder.names == ["file", "first", "second"])
    #expect(symlink("\(folder.path)/none/file", "\(folder.path)/far") == 0)
    for write in [AtomicFile.check, { try AtomicFile.write([2], to: $0) }] {
      let error = #expect(throws: FileError.self) { try write("\(folder.path)/far") }
      #expect(error?.reason == "No such file or directory")
    }
  }

  @Test func aFreeNameIsTakenOnce() async throws {
    let folder = try TemporaryFolder()
    let names = (1...20).map { "\(folder.path)/\($0)" }
    let taken = await withTaskGroup(of: String?.self) { group in
      for value in UInt8(1)...20 {
        group.addTask { try? AtomicFile.write([value], toFirstFreeOf: names) }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(taken) == Set(names))
    #expect(Set(names.compactMap { Self.contents(of: $0)?.first }) == Set(1...20))
    #expect(try AtomicFile.write([0], toFirstFreeOf: names) == nil && folder.names.count == 20)
  }

  /// As on a file system without hard links.
  @Test func aFreeNameIsTakenOnceWithoutLinks() throws {
    let folder = try TemporaryFolder()
    let (temporary, path) = ("\(folder.path)/.new", "\(folder.path)/a")
    for (value, expected) in [(1, true), (2, false)] as [(UInt8, Bool)] {
      try AtomicFile.write([value], to: temporary)
      #expect(try AtomicFile.claimEmpty(path, for: temporary) == expected)
      #expect(Self.contents(of: path) == [1])
    }
  }

  @Test func anotherUsersFileInASharedFolderIsKnownEarly() async {
    await #expect(processExitsWith: .success) {
      guard geteuid() == 0 else { return }
      let folder = try TemporaryFolder()
      try AtomicFile.write([1], to: "\(folder.path)/a")
      chmod(folder.path, 0o1777)
      seteuid(65534)
      let error = #expect(throws: FileError.self) { try AtomicFile.check("\(folder.path)/a") }
      #expect(error?.reason == "the file is another user's")
      #expect(throws: FileError.self) { try AtomicFile.write([2], to: "\(folder.path)/a") }
      #expect(throws: Never.self) { try AtomicFile.check("\(folder.path)/b") }
      seteuid(0)
    }
  }

  /// Kills a process at a random moment while it writes, again and again.
  @Test func aKilledProcessLeavesNoPartOfAFile() async throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a"
    for round in 0..<8 {
      let delay = UInt32(2000 + 3700 * round)
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, delay = delay as UInt32] in
        let killer = Task.detached {
          usleep(delay)
          kill(getpid(), SIGKILL)
        }
        for value in UInt8.min...UInt8.max {
          try AtomicFile.write(Array(repeating: value, count: 1 << 20), to: path)
        }
        await killer.value
      }
      if let bytes = Self.contents(of: path) {
        #expect(bytes.count == 1 << 20 && bytes.allSatisfy { $0 == bytes[0] })
      }
      #expect(folder.names.allSatisfy { $0 == "a" || $0.hasPrefix(".darkroom-") })
    }
  }

  static func contents(of path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(file, &room, room.count), count > 0 { bytes += room[..<count] }
    return bytes
  }
}
