import Glibc
import SystemFiles

/// Reads small files whole.
package enum InputFile {
  /// Larger than any picture within the limits.
  static let longest = 256 << 20

  /// - Throws: `FileError`, also if the file is not a regular one or longer than `longest`.
  package static func read(_ path: String) throws -> [UInt8] {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw FileError.system("read", path) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw FileError.system("read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError("read", path, reason: "not a regular file")
    }
    guard status.st_size <= longest else {
      throw FileError(
        "read", path, reason: "\(status.st_size) bytes; at most \(longest) are allowed")
    }
    var code: Int32 = 0
    // One byte more than an empty file needs: with nothing to hold, the initializer would write to the empty
    // array that all threads share.
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: max(1, size)) { buffer, count in
      while count < size {
        let got = Glibc.read(file, buffer.baseAddress?.advanced(by: count), size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { return }  // shorter than it was: its reader will say so
        count += got
      }
    }
    errno = code
    guard code == 0 else { throw FileError.system("read", path) }
    return bytes
  }
}
