import Glibc

/// Writes files that appear under their name whole or not at all, even if the machine loses power.
package enum AtomicFile {
  /// Writes a file beside `path` and renames it, which replaces a file of that name. A symbolic link is
  /// followed. The permissions are 0644 less the umask.
  ///
  /// A process killed meanwhile may leave `.darkroom-*.tmp` behind, never a part of the file.
  /// - Throws: `FileError`; nothing is left behind and an older file is unchanged.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    let target = try target(of: path)
    let directory = directory(of: target)
    let (file, temporary) = try create(in: directory, for: path)
    do {
      defer { close(file) }
      try write(bytes, to: file, for: path)
      guard fsync(file) == 0 else { throw FileError.system("write", path) }
      guard rename(temporary, target) == 0 else { throw FileError.system("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try sync(directory, for: path)
  }

  /// What a symbolic link points to, so that the link stays. Devices and pipes are refused: a rename
  /// would replace them.
  private static func target(of path: String) throws -> String {
    guard !path.isEmpty else { throw FileError("write", path, reason: "the name is empty") }
    var status = stat()
    guard lstat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFLNK else {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileError("write", path, reason: "not a regular file")
      }
      return path
    }
    guard let resolved = realpath(path, nil) else { throw FileError.system("write", path) }
    defer { free(resolved) }
    let target = String(cString: resolved)
    guard stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError("write", path, reason: "not a regular file")
    }
    return target
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func create(
    in directory: String, for path: String
  ) throws -> (file: Int32, temporary: String) {
    while true {
      // Short, since the name of the file itself may already be as long as a name can be.
      let tag = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let temporary = "\(directory)/.darkroom-\(tag).tmp"
      let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if file >= 0 { return (file, temporary) }
      guard errno == EEXIST || errno == EINTR else { throw FileError.system("write", path) }
    }
  }

  private static func write(_ bytes: [UInt8], to file: Int32, for path: String) throws {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError.system("write", path) }
      written += count
    }
  }

  /// Makes the new name last. Some file systems cannot (EINVAL), and a directory may be writable but not
  /// readable; the file is whole all the same.
  private static func sync(_ directory: String, for path: String) throws {
    let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    guard fsync(file) == 0 || errno == EINVAL else { throw FileError.system("write", path) }
  }
}
