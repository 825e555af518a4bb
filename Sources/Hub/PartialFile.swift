import Glibc
import SystemFiles

/// A blob on its way: written beside its place, hashed as it grows, and moved there when it is whole and right.
final class PartialFile {
  private static let pieceBytes = 1 << 20

  /// Bytes that are there.
  private(set) var count = 0
  private let file: RemoteFile
  private let blob: String
  private let path: String
  private let descriptor: Int32
  private var digest: Digest

  /// Bytes of an earlier, interrupted download.
  static func bytesThere(of blob: String) -> Int { Files.size(path(blob)) ?? 0 }

  private static func path(_ blob: String) -> String { blob + ".incomplete" }

  /// Opens the file and hashes what an earlier download has left.
  /// - Throws: `HubError` of kind `disk`; `CancellationError`.
  init(_ file: RemoteFile, blob: String) throws {
    self.file = file
    self.blob = blob
    path = Self.path(blob)
    digest = try Digest(file.digest)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw Files.failure(path, "cannot be opened") }
    do {
      try readLeft()
      if count > file.size { try restart() }
    } catch {
      // A failing initialiser has no deinit.
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  private func readLeft() throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 64)
    defer { buffer.deallocate() }
    while count <= file.size {
      try Task.checkCancellation()
      let got = read(descriptor, buffer.baseAddress, buffer.count)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Files.failure(path, "cannot be read") }
      if got == 0 { return }
      digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
      count += got
    }
  }

  /// Throws away what is there.
  func restart() throws {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw Files.failure(path, "cannot be emptied")
    }
    digest = try Digest(file.digest)
    count = 0
  }

  /// - Throws: `HubError` of kind `disk`, or `download` if there are more bytes than the Hub lists.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count <= file.size - count else {
      throw refusal("expected \(file.size) bytes, found more")
    }
    var rest = bytes
    while !rest.isEmpty {
      let written = write(descriptor, rest.baseAddress, rest.count)
      if written < 0, errno == EINTR { continue }
      guard written >= 0 else { throw Files.failure(path, "cannot be written") }
      digest.update(UnsafeRawBufferPointer(rebasing: rest[..<written]))
      count += written
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Compares the hash and moves the file to its place.
  /// - Throws: `HubError`; of kind `download`, the file deleted, if the bytes are not those that the Hub lists.
  func finish() throws {
    let found = digest.finish()
    guard found == file.hash else {
      let name = file.isLarge ? "SHA-256" : "git's SHA-1"
      throw refusal("expected \(name) \(file.hash), found \(found)")
    }
    try Files.saying("cannot be made") { try AtomicFile.publish(descriptor, path, as: blob) }
  }

  /// Deletes the file.
  /// - Returns: the error that says why.
  func refusal(_ reason: String) -> HubError {
    unlink(path)
    return HubError(.download, "\(file.path): refused and deleted, not what the Hub lists: \(reason)")
  }
}
