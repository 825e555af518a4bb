import SystemFiles

/// The files of a model folder by their relative paths, on disk or in memory.
package struct ModelFolder: Sendable {
  /// The folder, or what messages call it.
  package let path: String
  /// Nil for a folder on disk.
  private let memory: [String: ByteSource]?

  package init(_ path: String) {
    self.path = path
    memory = nil
  }

  /// - Parameter files: by relative path, for example `unet/config.json`.
  package init(name: String, files: [String: UnsafeRawBufferPointer]) {
    path = name
    memory = Dictionary(
      uniqueKeysWithValues: files.map { file, bytes in
        (file, ByteSource(name: "\(name)/\(file)", buffer: bytes, owner: nil))
      })
  }

  package var isInMemory: Bool { memory != nil }

  /// Size of all files; 0 for a folder on disk.
  package var bytes: Int { memory?.values.reduce(0) { $0 + $1.count } ?? 0 }

  package func path(_ file: String) -> String { "\(path)/\(file)" }

  /// Whether there is such a file or folder (`Paths.exists`).
  package func has(_ file: String) -> Bool {
    guard let memory else { return Paths.exists(path(file)) }
    return memory[file] != nil || memory.keys.contains { $0.hasPrefix(file + "/") }
  }

  /// The whole of a text file, or nil if there is none of that name.
  /// - Throws: `WeightsError`.
  package func contents(_ file: String) throws -> [UInt8]? {
    has(file) ? try source(file).text() : nil
  }

  /// The bytes of one of its files.
  package func source(_ file: String) throws -> ByteSource {
    try memory?[file] ?? ByteSource(path: path(file))
  }

  /// Names of the files in a folder of it, or of its own for an empty name.
  func names(in folder: String) throws -> Set<String> {
    guard let memory else {
      do {
        return try Set(Paths.names(in: path(folder)))
      } catch {
        throw WeightsError(.unreadable, file: path(folder), "cannot be read: \(error.reason)")
      }
    }
    let inside = memory.keys.filter { $0.hasPrefix(folder + "/") }
    return Set(inside.map { String($0.dropFirst(folder.count + 1)) })
  }
}
