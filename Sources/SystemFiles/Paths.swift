import Glibc

/// Paths of files and folders.
package enum Paths {
  /// The folder that a file lies in; "." for a bare name.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The one path without links that all paths to a file lead to; nil, with `errno`, if there is no such file. Where
  /// that has bytes that are not UTF-8, which no text can hold, the path as it is.
  package static func resolved(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved) ?? path
  }

  /// A path that may begin with ~, as shells do not replace it behind a flag's =.
  /// - Parameter home: the user's folder; without it the path stays as it is.
  package static func expanded(_ path: String, home: String?) -> String {
    guard let home, !home.isEmpty, path == "~" || path.hasPrefix("~/") else { return path }
    return home + path.dropFirst()
  }

  /// Makes a folder, and those above it, if they are missing.
  package static func makeFolder(_ path: String) throws(FileError) {
    if isFolder(path) || mkdir(path, 0o777) == 0 { return }
    if errno == ENOENT, folder(of: path) != path {
      try makeFolder(folder(of: path))
      if mkdir(path, 0o777) == 0 { return }
    }
    let error = FileError.system("make", path)
    // Another program may have made it meanwhile.
    guard isFolder(path) else { throw error }
  }

  /// Whether a path leads to a folder, links followed.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether a path leads to something. What the user may not look at counts: whoever opens it says why it cannot be
  /// read, which is another thing than that it is missing.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 || !(errno == ENOENT || errno == ENOTDIR)
  }

  /// The names in a folder, in no order.
  package static func names(in folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else { throw FileError.system("read", folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Where this user's programs keep what can be made again (XDG Base Directory Specification): Darkroom's own folder
  /// there, which may be missing; nil where the environment names no home.
  package static var cache: String? { ownFolder("XDG_CACHE_HOME", ".cache") }

  /// Where this user's settings are, in the same way.
  package static var configuration: String? { ownFolder("XDG_CONFIG_HOME", ".config") }

  private static func ownFolder(_ variable: String, _ usual: String) -> String? {
    func absolute(_ variable: String) -> String? {
      getenv(variable).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    return (absolute(variable) ?? absolute("HOME").map { "\($0)/\(usual)" }).map { "\($0)/darkroom" }
  }
}
