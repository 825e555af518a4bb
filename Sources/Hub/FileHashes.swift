import FoundationEssentials
import Glibc
import SystemFiles

/// SHA-256 of files. Large files are read once: their hashes are kept in the user's cache from run to run, and hold as long
/// as a file's size, time of modification and inode stay the same.
package struct FileHashes: Sendable {
  /// Smaller files are read each time.
  package static let leastKept = 1 << 20
  /// A file that was changed within this time may change again without another time of modification.
  static let settlingNanoseconds = 2_000_000_000
  private static let mostKept = 1000
  private static let bufferBytes = 1 << 20

  /// Nil to forget.
  private let file: String?

  /// - Parameter file: where hashes are kept. A file that cannot be read or written costs time and nothing else.
  package init(file: String?) { self.file = file }

  /// The user's own, in the folder for what can be made again.
  package static var standard: FileHashes { FileHashes(file: Paths.cache.map { "\($0)/file-hashes.json" }) }

  /// The hashes of some files, in small hexadecimal digits.
  /// - Parameter checkCancellation: is called for each MiB; what it throws ends the call.
  /// - Throws: `HubError` of kind `disk` that names the file.
  package func sha256(
    ofFiles paths: [String], checkCancellation: () throws -> Void = { try Task.checkCancellation() }
  ) throws -> [String] {
    let known = kept()
    var added: [String: Entry] = [:]
    let hashes = try paths.map { path in
      guard let path = Paths.resolved(path) else { throw Files.failure(path, "cannot be opened") }
      if let hash = Self.blobHash(path) { return hash }
      let stamp = try Self.stamp(path)
      if let entry = known[path], entry.stamp == stamp { return entry.sha256 }
      let hash = try Self.read(path, checkCancellation)
      guard try Self.stamp(path) == stamp else {
        throw HubError(.disk, "\(path): was changed while it was read")
      }
      if stamp.size >= Self.leastKept, stamp.isSettled { added[path] = Entry(stamp: stamp, sha256: hash) }
      return hash
    }
    if !added.isEmpty { keep(added) }
    return hashes
  }

  /// The hash of bytes in memory.
  package static func sha256(_ bytes: UnsafeRawBufferPointer) throws -> String {
    let digest = try Digest(.sha256)
    digest.update(bytes)
    return digest.finish()
  }

  /// The hash that names a large file in a Hub cache, where programs keep what they have checked.
  private static func blobHash(_ path: String) -> String? {
    let parts = path.split(separator: "/").suffix(3).map(String.init)
    guard parts.count == 3, parts[1] == "blobs", RepositoryName(folder: parts[0]) != nil,
      parts[2].utf8.count == 64, Names.isHash(parts[2])
    else { return nil }
    return parts[2].lowercased()
  }

  private static func read(_ path: String, _ checkCancellation: () throws -> Void) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.failure(path, "cannot be opened") }
    defer { close(descriptor) }
    let digest = try Digest(.sha256)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      try checkCancellation()
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Files.failure(path, "cannot be read") }
      if count == 0 { return digest.finish() }
      digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

extension FileHashes {
  /// What tells that a file is still the one that was read.
  private struct Stamp: Codable, Equatable {
    let size: Int
    /// Nanoseconds since 1970.
    let modified: Int
    let inode: UInt64

    var isSettled: Bool {
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      return now.nanoseconds - modified >= settlingNanoseconds
    }
  }

  private struct Entry: Codable {
    let stamp: Stamp
    let sha256: String
  }

  private static func stamp(_ path: String) throws -> Stamp {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Files.failure(path, "cannot be opened") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw HubError(.disk, "\(path): is not a regular file") }
    return Stamp(
      size: status.st_size, modified: status.st_mtim.nanoseconds, inode: UInt64(status.st_ino))
  }

  private func kept() -> [String: Entry] {
    file.flatMap { try? Data(contentsOf: URL(fileURLWithPath: $0)) }
      .flatMap { try? JSONDecoder().decode([String: Entry].self, from: $0) } ?? [:]
  }

  /// Adds to what other processes have kept meanwhile.
  private func keep(_ added: [String: Entry]) {
    guard let file else { return }
    // Where files cannot be locked, what another process keeps at this moment is lost.
    let lock = try? FileLock.take("\(file).lock") {}
    defer { withExtendedLifetime(lock) {} }
    var entries = kept().merging(added) { _, new in new }
    if entries.count > Self.mostKept { entries = entries.filter { Files.size($0.key) != nil } }
    if entries.count > Self.mostKept { entries = added }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try? Paths.makeFolder(Paths.folder(of: file))
    try? AtomicFile.write([UInt8](encoder.encode(entries)), to: file)
  }
}

extension timespec {
  /// Wraps around in the year 2262, which is no time of a file.
  fileprivate var nanoseconds: Int { tv_sec &* 1_000_000_000 &+ tv_nsec }
}
