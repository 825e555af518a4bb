import Glibc

/// A lock by a file's name, which programs take in turn; huggingface_hub takes its own in the same way. It ends with
/// the value, or the process. The file stays.
package final class FileLock: Sendable {
  /// False on a file system without locks, where nothing keeps others away.
  package let isHeld: Bool
  private let descriptor: Int32

  private init(_ descriptor: Int32, isHeld: Bool) { (self.descriptor, self.isHeld) = (descriptor, isHeld) }

  deinit { close(descriptor) }

  /// Takes the lock if nobody has it. Makes the file, and its folders, if they are missing.
  /// - Parameter lock: the system's function.
  /// - Returns: nil if somebody has it.
  package static func tryTake(
    _ path: String, by lock: (Int32, Int32) -> Int32 = flock
  ) throws(FileError) -> FileLock? {
    try Paths.makeFolder(Paths.folder(of: path))
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o664)
      guard descriptor >= 0 else { throw FileError.system("lock", path) }
      let isHeld = lock(descriptor, LOCK_EX | LOCK_NB) == 0
      let code = errno
      let taken = FileLock(descriptor, isHeld: isHeld)
      if !isHeld {
        if [EWOULDBLOCK, EINTR].contains(code) { return nil }
        if [ENOSYS, EOPNOTSUPP, ENOLCK].contains(code) { return taken }
        errno = code
        throw FileError.system("lock", path)
      }
      // Its last holder may have deleted the file between opening and locking.
      var (mine, there) = (stat(), stat())
      if fstat(descriptor, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino { return taken }
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
