import CPUKernels
import Glibc
import SystemFiles

/// A file of packed weights, mapped for as long as a pack of it is in use. Its bytes are never copied: the kernels read them
/// where the system keeps the file.
///
/// It is written under another name and renamed, and nothing of it changes then. Should another program cut it
/// off while it is mapped, or the disk fail, the kernel ends this process (SIGBUS).
final class PackFile: @unchecked Sendable {  // all storage is constant; memory is only read
  static let ending = ".packs"

  /// Why a file's packs cannot be used, as it follows the file's path.
  struct Damage: Error { let reason: String }

  let path: String
  let table: PackTable
  private let bytes: UnsafeRawBufferPointer

  /// - Returns: nil if there is no such file, or it cannot be mapped.
  /// - Throws: `Damage`.
  init?(_ path: String, kernels: String) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard file >= 0 else { return nil }
    defer { close(file) }
    table = try Self.table(file, kernels: kernels)
    let address = mmap(nil, table.fileBytes, PROT_READ, MAP_PRIVATE, file, 0)
    guard let address, address != MAP_FAILED else { return nil }
    self.path = path
    bytes = UnsafeRawBufferPointer(start: address, count: table.fileBytes)
    // Files that were not used for longest go first. It costs nothing but order if the time cannot be set.
    futimens(file, nil)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  private static func table(_ file: Int32, kernels: String) throws -> PackTable {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Damage(reason: "is no regular file")
    }
    guard let head = read(file, PackTable.headBytes, at: 0) else { throw Damage(reason: "is cut off") }
    let numbers = head.withUnsafeBytes { head in
      (0..<4).map { UInt64(littleEndian: head.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
    }
    guard numbers[0] == PackTable.magic else { throw Damage(reason: "is of another format") }
    guard numbers[2] == UInt64(clamping: status.st_size), numbers[1] <= UInt64(PackTable.mostBytes),
      let bytes = read(file, Int(numbers[1]), at: PackTable.headBytes)
    else { throw Damage(reason: "is cut off") }
    guard bytes.withUnsafeBytes({ dk_checksum($0.baseAddress, $0.count) }) == numbers[3],
      let table = PackTable(bytes, fileBytes: Int(status.st_size))
    else { throw Damage(reason: "is damaged") }
    guard table.kernels == kernels else { throw Damage(reason: "is for \(table.kernels), not \(kernels)") }
    return table
  }

  private static func read(_ file: Int32, _ count: Int, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, count, offset) }
    return received == count ? bytes : nil
  }

  func address(_ place: PackTable.Place) -> UnsafeMutableRawPointer {
    guard let base = bytes.baseAddress else { preconditionFailure("\(path) is not mapped") }
    return UnsafeMutableRawPointer(mutating: base + place.offset)
  }

  /// Reads a pack and compares it with what was written.
  func isSound(_ place: PackTable.Place) -> Bool {
    dk_checksum(address(place), place.bytes) == place.checksum
  }

  /// Lets the system begin to read the file.
  func readAhead() {
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_WILLNEED)
  }
}
