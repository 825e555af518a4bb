import Glibc

/// Keeps a file or folder that belongs to one run from a second one at the same time, by a lock file in the same
/// folder. It ends with the value, and the lock file goes; after a killed process the file stays and nobody holds it.
package final class RunLock: Sendable {
  private let path: String
  private let lock: FileLock

  private init(_ path: String, _ lock: FileLock) { (self.path, self.lock) = (path, lock) }

  // While the lock is still held, so that nobody else's file goes.
  deinit { unlink(path) }

  /// - Parameter file: what is kept, which need not be there; its folder is.
  /// - Returns: nil if another run has it.
  package static func take(for file: String) throws(FileError) -> RunLock? {
    // Short, since the name of the file itself may already be as long as a name can be.
    var name = Fingerprint()
    name.add(file.split(separator: "/").last.map { Array($0.utf8) } ?? [])
    let path = "\(Paths.folder(of: file))/.darkroom-\(name.text).lock"
    return try FileLock.tryTake(path).map { RunLock(path, $0) }
  }
}
