import CPUKernels
import Glibc
import Synchronization
import SystemFiles

/// A file of packed weights that is to be written.
struct PackWriting: Sendable {
  struct Pack: Sendable {
    let name: String
    let bytes: Int
    /// Writing keeps no memory that networks have given back.
    weak var buffer: Buffer?
  }

  /// A reason why packs are not kept, for the user.
  private struct Refusal: Error, CustomStringConvertible { let description: String }

  let path: String
  let kernels: String
  let packs: [Pack]
  /// Bytes of all files together.
  let most: Int?
  private var folder: String { Paths.folder(of: path) }

  private static let piece = 1 << 20
  private static let usualMost = Double(20 << 30)
  /// Of what the disk could give.
  private static let usualShare = 0.25

  /// Leaves a whole file or none. That it is on the disk is not waited for: after a loss of power its checksums tell.
  /// - Throws: an error that tells the user why nothing can be kept.
  func run() throws {
    // One writer at a time, so that no two write the same, and what nobody writes can be removed.
    let lock = try FileLock.take("\(folder)/lock") {}
    defer { withExtendedLifetime(lock) {} }
    guard lock.isHeld, !Paths.exists(path), packs.allSatisfy({ $0.buffer != nil }) else { return }
    var table = PackTable(kernels: kernels, packs: packs.map { ($0.name, $0.bytes) })
    try makeRoom(for: table.fileBytes)
    let temporary = "\(path).tmp"
    guard HalfWritten.begin(temporary) else { return }
    defer { HalfWritten.drop(temporary) }
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw FileError.system("write", temporary) }
    defer { close(file) }
    for pack in packs {
      guard let buffer = pack.buffer, let offset = table.places[pack.name]?.offset else { return }
      let bytes = UnsafeRawBufferPointer(start: buffer.pointer, count: pack.bytes)
      table.places[pack.name]?.checksum = dk_checksum(buffer.pointer, pack.bytes)
      try write(bytes, to: file, at: offset)
    }
    guard ftruncate(file, table.fileBytes) == 0 else { throw FileError.system("write", path) }
    try writeHead(table, to: file)
    try HalfWritten.publish(temporary, as: path)
  }

  private func writeHead(_ table: PackTable, to file: Int32) throws {
    let bytes = table.encoded()
    let checksum = bytes.withUnsafeBytes { dk_checksum($0.baseAddress, $0.count) }
    let head = [PackTable.magic, UInt64(bytes.count), UInt64(table.fileBytes), checksum].map(\.littleEndian)
    try bytes.withUnsafeBytes { try write($0, to: file, at: PackTable.headBytes) }
    try head.withUnsafeBytes { try write($0, to: file, at: 0) }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...].prefix(Self.piece))
      let count = pwrite(file, rest.baseAddress, rest.count, offset + done)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileError.system("write", path) }
      done += count
    }
  }

  // MARK: Room

  /// Removes what others have left half written, and whole files until one more has room.
  private func makeRoom(for bytes: Int) throws {
    let names = try Paths.names(in: folder)
    for name in names where name.hasSuffix(".tmp") { unlink("\(folder)/\(name)") }
    var files = names.filter { $0.hasSuffix(PackFile.ending) }.compactMap { KeptFile("\(folder)/\($0)") }
      .sorted { $0.used < $1.used }
    var total = files.reduce(0) { $0 + $1.bytes }
    var system = statvfs()
    let free = statvfs(folder, &system) == 0 ? Double(system.f_bavail) * Double(system.f_frsize) : 0
    let most = most.map { Double($0) } ?? min(Self.usualMost, (total + free) * Self.usualShare)
    guard Double(bytes) <= most else {
      throw Refusal(
        description:
          "\(bytes >> 20) MiB are not kept in \(folder), which may have \(Int(most) >> 20) MiB on this disk")
    }
    while total + Double(bytes) > most, !files.isEmpty {
      let oldest = files.removeFirst()
      unlink(oldest.path)
      total -= oldest.bytes
    }
  }

  private struct KeptFile {
    let path: String
    /// Sums of numbers from outside do not overflow as floating-point numbers.
    let bytes: Double
    /// Seconds, and nanoseconds behind the point.
    let used: Double

    init?(_ path: String) {
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      (self.path, bytes) = (path, Double(status.st_size))
      used = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
    }
  }
}

/// Files on their way, which go when the process ends before they are whole.
private enum HalfWritten {
  private struct Files {
    var paths: Set<String> = []
    var isEnding = false
  }

  private static let files = Mutex(Files())
  private static let atEnd: Void = {
    atexit {
      HalfWritten.files.withLock { files in
        for path in files.paths { unlink(path) }
        files = Files(isEnding: true)
      }
    }
  }()

  /// - Returns: false if the process is about to end.
  static func begin(_ path: String) -> Bool {
    _ = atEnd
    return files.withLock { files in
      if !files.isEnding { files.paths.insert(path) }
      return !files.isEnding
    }
  }

  static func publish(_ path: String, as name: String) throws(FileError) {
    let error: FileError? = files.withLock { files in
      guard files.paths.contains(path), rename(path, name) != 0 else {
        files.paths.remove(path)
        return nil
      }
      return FileError.system("write", name)
    }
    if let error { throw error }
  }

  /// Removes it if it was not published.
  static func drop(_ path: String) {
    files.withLock { files in
      if files.paths.remove(path) != nil { unlink(path) }
    }
  }
}
