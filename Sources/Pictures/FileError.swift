import Glibc

/// A file that could not be read or written.
package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  package let path: String
  /// "read" or "write".
  package let action: String
  /// What the system says of `errno`, or what was expected of the file.
  package let reason: String

  init(_ action: String, _ path: String, reason: String) {
    self.path = path
    self.action = action
    self.reason = reason
  }

  /// To be called at once after the failed call, while `errno` is still its own.
  static func system(_ action: String, _ path: String) -> FileError {
    FileError(action, path, reason: String(cString: strerror(errno)))
  }

  package var description: String { "cannot \(action) \(path): \(reason)" }
}
