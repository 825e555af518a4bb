import Glibc

/// A lock by a file's name, which programs take in turn; huggingface_hub takes its own in the same way. It ends with
/// the value, or the process. The file stays.
package final class FileLock: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Takes the lock if nobody has it. Makes the file, and its folders, if they are missing.
  /// - Returns: nil if somebody has it.
  package static func tryTake(_ path: String) throws(FileError) -> FileLock? {
    try Paths.makeFolder(Paths.folder(of: path))
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o664)
      guard descriptor >= 0 else { throw FileError.system("lock", path) }
      let lock = FileLock(descriptor)
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        guard errno == EWOULDBLOCK || errno == EINTR else { throw FileError.system("lock", path) }
        return nil
      }
      // Its last holder may have deleted the file between opening and locking.
      var (mine, there) = (stat(), stat())
      if fstat(descriptor, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino { return lock }
    }
  }

  /// Waits until the lock is free.
  /// - Parameter waiting: is called once if somebody else has it.
  /// - Throws: `FileError`; `CancellationError`.
  package static func take(_ path: String, waiting: () -> Void) throws -> FileLock {
    var isTold = false
    while true {
      if let lock = try tryTake(path) { return lock }
      if !isTold { waiting() }
      isTold = true
      try Task.checkCancellation()
      usleep(50_000)
    }
  }
}
