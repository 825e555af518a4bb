import FoundationEssentials
import SystemFiles

/// A folder of finished pictures, one file for each order's. Files that others put there are left alone.
package struct ResultFolder: Sendable {
  private static let ending = ".result.json"
  private let path: String
  /// Other builds may draw other pictures.
  private let build: String

  /// - Parameter build: what tells builds of the program apart.
  /// - Throws: `FileError` if the folder cannot be made.
  package init(_ path: String, build: String) throws {
    (self.path, self.build) = (path, build)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FileError("make", path, reason: "\(error)")
    }
  }

  private func file(_ key: String) -> String {
    let digest = SHA256Digest.bytes(of: Array("\(build)\n\(key)".utf8))
    return "\(path)/\(SHA256Digest.digits(digest))\(Self.ending)"
  }

  func pictures(of key: String, within time: Duration) -> [MadePicture]? {
    let file = file(key)
    guard let date = date(file), date.timeIntervalSinceNow > -Double(time.components.seconds),
      let bytes = FileManager.default.contents(atPath: file)
    else { return nil }
    return try? JSONDecoder().decode([MadePicture].self, from: bytes)
  }

  /// A full disk or the like leaves nothing, and the pictures are drawn again next time.
  func keep(_ pictures: [MadePicture], of key: String, most: Int) {
    guard let data = try? JSONEncoder().encode(pictures) else { return }
    try? AtomicFile.write([UInt8](data), to: file(key))
    trim(to: most)
  }

  /// Removes the oldest.
  private func trim(to most: Int) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    var files = names.filter { $0.hasSuffix(Self.ending) }.map { name in
      let file = "\(path)/\(name)"
      let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
      return (file: file, date: date(file) ?? .distantPast, size: size)
    }.sorted { $0.date < $1.date }
    var bytes = files.reduce(0) { $0 + $1.size }
    while bytes > most, let oldest = files.first {
      try? FileManager.default.removeItem(atPath: oldest.file)
      bytes -= oldest.size
      files.removeFirst()
    }
  }

  private func date(_ file: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: file))?[.modificationDate] as? Date
  }
}
