import Glibc
import SystemFiles

/// The bytes of one file, on disk or in memory, read by position from any number of threads.
///
/// A file is opened once and never mapped: if another process shortens it, a read throws where a
/// mapping would kill the process with SIGBUS.
package final class ByteSource: @unchecked Sendable {  // all storage is constant; memory is only read
  private enum Storage {
    case descriptor(Int32)
    case array([UInt8])
    case buffer(UnsafeRawBufferPointer, owner: AnyObject?)
  }

  private static let longestText = 100_000_000
  /// File systems tell times apart that are so far from each other.
  private static let settlingSeconds = 2

  /// Path of the file, or what to call these bytes in messages.
  package let name: String
  /// Size in bytes when it was opened.
  package let count: Int
  private let storage: Storage

  /// Opens a regular file (links are followed).
  /// - Throws: `WeightsError.unreadable` with the system's reason.
  package init(path: String) throws {
    // Without O_NONBLOCK the opening of a pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw WeightsError(.unreadable, file: path, "cannot be opened: \(systemReason())")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw WeightsError(.unreadable, file: path, "is not a regular file")
    }
    name = path
    count = status.st_size
    storage = .descriptor(descriptor)
  }

  package init(name: String, bytes: [UInt8]) {
    self.name = name
    count = bytes.count
    storage = .array(bytes)
  }

  /// Bytes that stay valid and unchanged as long as `owner` lives (for ever, if it is nil).
  package init(name: String, buffer: UnsafeRawBufferPointer, owner: AnyObject?) {
    self.name = name
    count = buffer.count
    storage = .buffer(buffer, owner: owner)
  }

  deinit {
    if case .descriptor(let descriptor) = storage { close(descriptor) }
  }

  /// Fills `destination` with the bytes from `offset` on.
  /// - Throws: `WeightsError.unreadable` if the range is not within the file, or no longer.
  package func read(at offset: Int, into destination: UnsafeMutableRawBufferPointer) throws {
    let (end, overflow) = offset.addingReportingOverflow(destination.count)
    guard offset >= 0, !overflow, end <= count else {
      throw WeightsError(
        .unreadable, file: name,
        "\(destination.count) bytes at byte \(offset) are outside its \(count) bytes")
    }
    switch storage {
    case .descriptor(let descriptor):
      try readFile(descriptor, at: offset, into: destination)
    case .array(let bytes):
      bytes.withUnsafeBytes {
        destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<end]))
      }
    case .buffer(let buffer, _):
      destination.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[offset..<end]))
    }
  }

  /// What the system says of the file at this moment, without its path: it changes whenever the file does, as its times
  /// and size do. Nil for bytes in memory, and for a file that was changed just now: its next change might not show.
  var stamp: String? {
    var status = stat()
    guard case .descriptor(let descriptor) = storage, fstat(descriptor, &status) == 0, status.st_size == count
    else { return nil }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    guard now.tv_sec &- status.st_mtim.tv_sec > Self.settlingSeconds else { return nil }
    let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
    return "\(status.st_size) bytes, inode \(status.st_ino), \(times[0]), \(times[1])"
  }

  /// Lets the system begin to read a range that may lie outside of the file.
  func readAhead(_ range: Range<Int>) {
    guard case .descriptor(let descriptor) = storage else { return }
    posix_fadvise(descriptor, range.lowerBound, range.count, POSIX_FADV_WILLNEED)
  }

  /// All bytes of a text.
  /// - Throws: `WeightsError` if it is longer than any text of a model, or as `read(at:into:)`.
  func text() throws -> [UInt8] {
    guard count <= Self.longestText else {
      throw WeightsError(
        .malformed, file: name, "a text of \(count) bytes; at most \(Self.longestText) are read")
    }
    var text = [UInt8](repeating: 0, count: count)
    try text.withUnsafeMutableBytes { try read(at: 0, into: $0) }
    // What stands there instead of a text that was not fetched.
    if let problem = FileSignature.placeholder(self) {
      throw WeightsError(.malformed, file: name, problem)
    }
    return text
  }

  private func readFile(
    _ descriptor: Int32, at offset: Int, into destination: UnsafeMutableRawBufferPointer
  ) throws {
    var done = 0
    while done < destination.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: destination[done...])
      let received = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if received < 0 {
        if errno == EINTR { continue }
        throw WeightsError(
          .unreadable, file: name, "cannot be read at byte \(offset + done): \(systemReason())")
      }
      if received == 0 {
        throw WeightsError(
          .unreadable, file: name,
          "ends at byte \(offset + done), but had \(count) bytes when it was opened: it was changed meanwhile"
        )
      }
      done += received
    }
  }
}
