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

  /// As `write(_:to:)`, but replaces nothing: takes the first of some names that is free at that moment, whoever else
  /// looks for one.
  /// - Parameter names: paths in one folder, in the order in which they are tried.
  /// - Returns: the path that the file got; nil if none is free.
  package static func write(_ bytes: [UInt8], toFirstFreeOf names: some Sequence<String>) throws(FileError)
    -> String?
  {
    guard let first = names.first(where: { _ in true }) else { return nil }
    let (file, temporary) = try create(in: Paths.folder(of: first), for: first)
    defer {
      close(file)
      unlink(temporary)
    }
    do {
      try bytes.withUnsafeBytes { try Output(file: file, path: first).write($0) }
    } catch {
      throw error as? FileError ?? FileError("write", first, reason: "\(error)")
    }
    guard fsync(file) == 0 else { throw FileError.system("write", first) }
    for path in names where try claim(path, for: temporary) {
      try syncFolder(of: path)
      return path
    }
    return nil
  }

  /// Gives a file another name, unless something has it.
  /// - Returns: false if something has it.
  private static func claim(_ path: String, for temporary: String) throws(FileError) -> Bool {
    if link(temporary, path) == 0 { return true }
    return errno == EEXIST ? false : try claimEmpty(path, for: temporary)
  }

  /// `claim` on file systems without hard links, such as FAT: a process that is killed between the two calls leaves an
  /// empty file.
  package static func claimEmpty(_ path: String, for temporary: String) throws(FileError) -> Bool {
    let empty = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard empty >= 0 else {
      guard errno == EEXIST else { throw FileError.system("write", path) }
      return false
    }
    close(empty)
    guard rename(temporary, path) == 0 else {
      let error = FileError.system("write", path)
      unlink(path)
      throw error
    }
    return true
  }

  /// Fails early if `write(_:to:)` could not write this file. Leaves everything as it is.
  package static func check(_ path: String) throws(FileError) {
    let target = try target(of: path)
    let folder = Paths.folder(of: target)
    var (own, above) = (stat(), stat())
    guard stat(folder, &above) == 0, access(folder, W_OK | X_OK) == 0 else {
      throw FileError.system("write", path)
    }
    // In a folder such as /tmp nobody replaces a file of somebody else.
    let isShared = above.st_mode & S_ISVTX != 0 && ![0, above.st_uid].contains(geteuid())
    if isShared, lstat(target, &own) == 0, own.st_uid != geteuid() {
      throw FileError("write", path, reason: "the file is another user's")
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

  /// What symbolic links lead to, which need not be there, so that the links stay. Devices and pipes are refused: a
  /// rename would replace them.
  private static func target(of path: String) throws(FileError) -> String {
    guard !path.isEmpty else { throw FileError("write", path, reason: "the name is empty") }
    var target = path
    // As many links as Linux follows.
    for _ in 0..<40 {
      var status = stat()
      guard lstat(target, &status) == 0 else {
        guard errno == ENOENT else { throw FileError.system("write", path) }
        return target
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return target
      case S_IFLNK: target = try linked(target)
      default: throw FileError("write", path, reason: "not a regular file")
      }
    }
    errno = ELOOP
    throw FileError.system("write", path)
  }

  /// Where a symbolic link leads, seen from where the link itself is.
  private static func linked(_ link: String) throws(FileError) -> String {
    var room = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &room, room.count)
    guard count > 0 else { throw FileError.system("write", link) }
    let text = String(decoding: room.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.hasPrefix("/") ? text : "\(Paths.folder(of: link))/\(text)"
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
