import Glibc

/// A folder of its own for one test.
package struct TemporaryFolder: ~Copyable {
  package let path: String

  package init() throws {
    var name = Array("/tmp/darkroom-XXXXXX\0".utf8CString)
    guard let made = mkdtemp(&name) else { throw POSIXFailure(code: errno) }
    path = String(cString: made)
  }

  package var names: [String] { Self.names(in: path) }

  package static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  deinit { Self.removeAll(path) }

  private static func removeAll(_ path: String) {
    for name in names(in: path) where remove("\(path)/\(name)") != 0 { removeAll("\(path)/\(name)") }
    rmdir(path)
  }
}

private struct POSIXFailure: Error { let code: Int32 }
