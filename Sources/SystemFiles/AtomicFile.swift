import Glibc

/// Writes files that appear under their name whole or not at all, even if the machine loses power: beside their place,
/// to the disk, and only then under their name.
package enum AtomicFile {
  /// A file on its way.
  package struct Output {
    fileprivate let file: Int32
    fileprivate let path: String

    /// Adds bytes at the end.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
      var rest = bytes
      while !rest.isEmpty {
        let count = Glibc.write(file, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw FileError.system("write", path) }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  /// Writes a file beside `path` and renames it, which replaces a file of that name. A symbolic link is
  /// followed. The permissions are 0644 less the umask.
  ///
  /// A process killed meanwhile may leave `.darkroom-*.tmp` behind, never a part of the file.
  /// - Throws: `FileError`; nothing is left behind and an older file is unchanged.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    try write(to: path) { output in try bytes.withUnsafeBytes { try output.write($0) } }
  }

  /// As `write(_:to:)`, for files that are not in memory as a whole.
  /// - Parameter body: writes the file's bytes.
  /// - Throws: `FileError`, or what `body` throws.
  package static func write(to path: String, _ body: (Output) throws -> Void) throws {
    let target = try target(of: path)
    let (file, temporary) = try create(in: Paths.folder(of: target), for: path)
    defer { close(file) }
    do {
      try body(Output(file: file, path: path))
      try publish(file, temporary, as: target)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Gives a file that is whole its final name in the same folder, which replaces a file of that name. Bytes and name
  /// are on the disk then.
  /// - Parameters:
  ///   - file: an open descriptor, which stays open.
  ///   - temporary: its present path.
  package static func publish(_ file: Int32, _ temporary: String, as path: String) throws(FileError) {
    guard fsync(file) == 0, rename(temporary, path) == 0 else { throw FileError.system("write", path) }
    try syncFolder(of: path)
  }

  /// What a symbolic link points to, so that the link stays. Devices and pipes are refused: a rename
  /// would replace them.
  private static func target(of path: String) throws(FileError) -> String {
    guard !path.isEmpty else { throw FileError("write", path, reason: "the name is empty") }
    var status = stat()
    guard lstat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFLNK else {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw FileError("write", path, reason: "not a regular file")
      }
      return path
    }
    guard let target = Paths.resolved(path) else { throw FileError.system("write", path) }
    guard stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError("write", path, reason: "not a regular file")
    }
    return target
  }

  private static func create(
    in folder: String, for path: String
  ) throws(FileError) -> (file: Int32, temporary: String) {
    while true {
      // Short, since the name of the file itself may already be as long as a name can be.
      let tag = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let temporary = "\(folder)/.darkroom-\(tag).tmp"
      let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if file >= 0 { return (file, temporary) }
      guard errno == EEXIST || errno == EINTR else { throw FileError.system("write", path) }
    }
  }

  /// Makes the new name last. Some file systems cannot (EINVAL), and a folder may be writable but not
  /// readable; the file is whole all the same.
  private static func syncFolder(of path: String) throws(FileError) {
    let folder = open(Paths.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    defer { close(folder) }
    guard fsync(folder) == 0 || errno == EINVAL else { throw FileError.system("write", path) }
  }
}
