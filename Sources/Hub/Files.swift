import FoundationEssentials
import Glibc
import SystemFiles

/// What the cache needs of the file system, with errors that name the path.
enum Files {
  enum Kind { case file, folder, link, other }

  /// What lies at a path itself, links not followed; nil if nothing does.
  static func kind(_ path: String) -> Kind? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    case S_IFLNK: return .link
    default: return .other
    }
  }

  /// Bytes of the regular file that a path leads to, links followed; nil if it leads to none.
  static func size(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return status.st_size
  }

  /// Where a link leads, as it is written; nil if it is none.
  static func target(_ path: String) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: path)
  }

  /// Names in a folder in order; none if it cannot be read.
  static func names(_ folder: String) -> [String] { ((try? Paths.names(in: folder)) ?? []).sorted() }

  /// The same; none if there is no such folder.
  /// - Throws: `HubError` of kind `disk` if there is one and it cannot be read.
  static func namesIfThere(_ folder: String) throws -> [String] {
    guard Paths.exists(folder) else { return [] }
    return try saying("cannot be read") { try Paths.names(in: folder) }.sorted()
  }

  /// Paths of all files and links below a folder, relative to it; links are not followed.
  static func tree(_ folder: String) -> [String] {
    names(folder).flatMap { name -> [String] in
      kind("\(folder)/\(name)") == .folder ? tree("\(folder)/\(name)").map { "\(name)/\($0)" } : [name]
    }
  }

  static func makeFolder(_ path: String) throws {
    try saying("the folder cannot be made") { try Paths.makeFolder(path) }
  }

  /// Deletes a file, a link or a folder with all in it; links are not followed.
  static func remove(_ path: String) throws {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw HubError(.disk, "\(path): cannot be deleted: \(reason(error))")
    }
  }

  /// The beginning of a small text file; nil if it cannot be read.
  static func text(_ path: String, limit: Int = 4096) -> String? {
    guard let size = size(path), size <= limit else { return nil }
    return try? String(contentsOfFile: path, encoding: .utf8)
  }

  /// Writes a small file whole or not at all.
  static func write(_ text: String, to path: String) throws {
    try saying("cannot be written") { try AtomicFile.write(Array(text.utf8), to: path) }
  }

  /// Makes a link that replaces what lies there, never leaving nothing in between.
  /// - Returns: false if the file system has no links.
  static func link(
    to target: String, at path: String, by makeLink: (_ target: String, _ path: String) -> Int32
  ) throws -> Bool {
    let temporary = "\(path).\(getpid()).link"
    unlink(temporary)
    guard makeLink(target, temporary) == 0 else {
      // FAT, exFAT and some network file systems.
      if [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) { return false }
      throw failure(path, "the link cannot be made")
    }
    guard rename(temporary, path) == 0 else {
      let error = failure(path, "the link cannot be made")
      unlink(temporary)
      throw error
    }
    return true
  }

  /// Moves a file within a file system, which replaces what lies there.
  static func move(_ path: String, to place: String) throws {
    guard rename(path, place) == 0 else { throw failure(place, "the file cannot be moved there") }
  }

  static func freeSpace(_ folder: String) -> Int? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return nil }
    let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
    return overflow ? nil : bytes
  }

  /// Says errors of files in the cache's words.
  /// - Throws: `HubError` of kind `disk` for a `FileError`; what else `body` throws.
  static func saying<Value>(_ what: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as FileError {
      throw failure(error, what)
    }
  }

  /// An error of the last system call.
  static func failure(_ path: String, _ what: String) -> HubError {
    failure(FileError.system("write", path), what)
  }

  private static func failure(_ error: FileError, _ what: String) -> HubError {
    if error.code == ENOSPC || error.code == EDQUOT {
      return HubError(
        .disk, "\(error.path): the disk is full; make room and pull again, what is there is kept")
    }
    return HubError(.disk, "\(error.path): \(what): \(error.reason)")
  }

  private static func reason(_ error: any Error) -> String {
    if let error = (error as? CocoaError)?.underlying as? POSIXError {
      return systemReason(error.code.rawValue)
    }
    return "\(error)"
  }
}
