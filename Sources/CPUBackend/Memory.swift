import Glibc
import Graph
import SystemFiles

/// The backend could not get memory or threads.
package struct OutOfResources: Error, CustomStringConvertible, Sendable {
  package let description: String
}

/// A fixed block of memory, zeros at first.
final class Buffer {
  let pointer: UnsafeMutableRawPointer
  let bytes: Int
  /// Fresh pages for all but small blocks: the kernel hands them out as zeros, and takes them back at once, where
  /// the heap would keep what networks leave that take turns.
  private let mapped: Bool

  /// - Throws: `OutOfResources`.
  init(bytes: Int) throws {
    let bytes = max(bytes, 1)
    mapped = bytes >= 16 << 10
    let raw =
      mapped
      ? mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      : aligned_alloc(64, (bytes + 63) / 64 * 64)
    guard let raw, raw != MAP_FAILED else {
      throw OutOfResources(description: "cannot get \(bytes >> 20) MiB of memory: \(systemReason())")
    }
    if mapped { madvise(raw, bytes, MADV_HUGEPAGE) } else { memset(raw, 0, bytes) }
    pointer = raw
    self.bytes = bytes
  }

  convenience init(floats: Int) throws { try self.init(bytes: floats * MemoryLayout<Float>.stride) }

  var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
  var characters: UnsafeMutablePointer<CChar> { pointer.assumingMemoryBound(to: CChar.self) }

  deinit {
    if mapped { munmap(pointer, bytes) } else { free(pointer) }
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
