import Glibc

/// A file or folder with which the system does not do what was asked, as data: modules whose users know the file by
/// another name say it in their own words.
package struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was to be done, as it follows "cannot": "read", "write", "lock" or "make".
  package let action: String
  package let path: String
  /// What the system says of `code`, or what was expected of the file.
  package let reason: String
  /// The system's number (`errno`); 0 if the system was not asked.
  package let code: Int32

  package init(_ action: String, _ path: String, reason: String) {
    (self.action, self.path, self.reason, code) = (action, path, reason, 0)
  }

  /// To be called at once after the failed call, while `errno` is still its own.
  package static func system(_ action: String, _ path: String) -> FileError {
    let code = errno
    return FileError(action, path, code, reason: systemReason(code))
  }

  private init(_ action: String, _ path: String, _ code: Int32, reason: String) {
    (self.action, self.path, self.reason, self.code) = (action, path, reason, code)
  }

  package var description: String { "cannot \(action) \(path): \(reason)" }
}

/// What the system says of an error number, by default that of the last call.
package func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
