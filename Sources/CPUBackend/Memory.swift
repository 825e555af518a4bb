import Glibc
import Graph
import SystemFiles

/// The backend could not get memory or threads.
package struct OutOfResources: Error, CustomStringConvertible, Sendable {
  package let description: String
}

/// A fixed block of memory, zeros at first, or a part of a file, which is only read.
final class Buffer: @unchecked Sendable {  // who shares it sees to it that nobody reads what another writes
  private enum Owner {
    case heap
    /// Fresh pages for all but small blocks: the kernel hands them out as zeros, and takes them back at once, where
    /// the heap would keep what networks leave that take turns.
    case pages
    case file(PackFile)
  }

  let pointer: UnsafeMutableRawPointer
  let bytes: Int
  private let owner: Owner

  /// - Throws: `OutOfResources`.
  init(bytes: Int) throws {
    let bytes = max(bytes, 1)
    let isMapped = bytes >= 16 << 10
    let raw =
      isMapped
      ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      : aligned_alloc(64, (bytes + 63) / 64 * 64)
    guard let raw, raw != MAP_FAILED else {
      throw OutOfResources(description: "cannot get \(bytes >> 20) MiB of memory: \(systemReason())")
    }
    if isMapped { madvise(raw, bytes, MADV_HUGEPAGE) } else { memset(raw, 0, bytes) }
    (pointer, owner) = (raw, isMapped ? .pages : .heap)
    self.bytes = bytes
  }

  /// A pack where it lies in a file, which stays mapped for as long.
  init(_ place: PackTable.Place, of file: PackFile) {
    (pointer, bytes, owner) = (file.address(place), place.bytes, .file(file))
  }

  convenience init(floats: Int) throws { try self.init(bytes: floats * MemoryLayout<Float>.stride) }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
  var characters: UnsafeMutablePointer<CChar> { pointer.assumingMemoryBound(to: CChar.self) }

  deinit {
    switch owner {
    case .heap: free(pointer)
    case .pages: munmap(pointer, bytes)
    case .file: break
    }
  }
}

/// The one block of memory for the values of all programs, as large as the largest plan so far. It moves when it
/// grows, and its numbers go then: programs look where it is whenever they run.
final class Arena {
  private static let hugePage = 2 << 20

  private var block: Buffer?
  /// As many as were asked for.
  private(set) var bytes = 0

  /// Nil as long as it has no memory.
  var base: UnsafeMutableRawPointer? { block?.pointer }

  func address(_ place: Plan.Place) -> UnsafeMutableRawPointer {
    guard let base else { preconditionFailure("the arena has no memory") }
    return base + place.offset
  }

  /// Makes at least `needed` bytes usable, in whole huge pages.
  /// - Throws: `OutOfResources`; the arena is empty then.
  func grow(to needed: Int) throws {
    guard needed > bytes || block == nil else { return }
    // The old block first, so that both need not fit.
    release()
    block = try Buffer(bytes: (needed / Self.hugePage + 1) * Self.hugePage)
    bytes = needed
  }

  /// Gives all of it back; it may be grown again.
  func release() { (block, bytes) = (nil, 0) }
}
