import Glibc
import SystemFiles
import TestSupport
import Testing

@Suite struct FileLockTests {
  @Test func oneHolderAtATime() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.lock"
    let lock = try #require(try FileLock.tryTake(path))
    let (second, other) = (try FileLock.tryTake(path), try FileLock.tryTake("\(folder.path)/b.lock"))
    #expect(second == nil && other != nil)
    withExtendedLifetime(lock) {}
    #expect(folder.names == ["a.lock", "b.lock"])
  }

  @Test func theLockEndsWithItsValue() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.lock"
    for _ in 0..<2 {
      let lock = try FileLock.tryTake(path)
      #expect(lock != nil)
    }
    _ = try FileLock.take(path) { Issue.record("nobody has it") }
  }

  @Test func whoWaitsIsToldOnce() async throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.lock"
    let lock = try #require(try FileLock.tryTake(path))
    let waiting = Task.detached {
      var told = 0
      _ = try? FileLock.take(path) { told += 1 }
      return (told, Task.isCancelled)
    }
    try await Task.sleep(for: .milliseconds(150))
    waiting.cancel()
    #expect(await waiting.value == (1, true))
    withExtendedLifetime(lock) {}
  }

  @Test func aLinkIsNoLock() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.lock"
    #expect(symlink("b", path) == 0)
    let error = #expect(throws: FileError.self) { _ = try FileLock.tryTake(path) }
    #expect(error?.action == "lock" && error?.code == ELOOP && error?.path == path)
  }

  @Test func whatBelongsToOneRun() throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "x", count: 255)
    for _ in 0..<2 {
      let lock = try #require(try RunLock.take(for: "\(folder.path)/\(name)"))
      #expect(try RunLock.take(for: "\(folder.path)/./\(name)") == nil)
      #expect(try RunLock.take(for: "\(folder.path)/other") != nil)
      withExtendedLifetime(lock) {}
    }
    #expect(folder.names.isEmpty)
  }
}
