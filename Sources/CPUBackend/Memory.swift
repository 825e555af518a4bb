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
      throw OutOfResources(description: "cannot get \(bytes >> 20) MiB of memory")
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

/// One range of addresses for all values of all programs. Its base never moves, so programs may keep
/// pointers into it; it takes memory as far as it has been grown and used.
final class Arena {
  let base: UnsafeMutableRawPointer
  private let reserved: Int
  /// As many as were asked for.
  private(set) var bytes = 0

  init() throws {
    let page = sysconf(Int32(_SC_PAGESIZE))
    var size = sysconf(Int32(_SC_PHYS_PAGES)) * page
    while true {
      let raw = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      if let raw, raw != MAP_FAILED {
        base = raw
        reserved = size
        return
      }
      guard size > 1 << 30 else {
        throw OutOfResources(
          description: "cannot reserve addresses for the arena: \(systemReason())")
      }
      size = size / 2 / page * page
    }
  }

  func address(_ place: Plan.Place) -> UnsafeMutableRawPointer { base + place.offset }

  /// Whole huge pages for so many bytes.
  private func usable(_ bytes: Int) -> Int {
    let hugePage = 2 << 20
    return min((bytes / hugePage + 1) * hugePage, reserved)
  }

  /// Makes at least `needed` bytes usable.
  func grow(to needed: Int) throws {
    guard needed <= reserved else {
      throw OutOfResources(
        description: "the arena needs \(needed >> 20) MiB, more than this machine has memory for")
    }
    guard needed > bytes else { return }
    let total = usable(needed)
    guard mprotect(base, total, PROT_READ | PROT_WRITE) == 0 else {
      throw OutOfResources(
        description: "the arena cannot get \(needed >> 20) MiB: \(systemReason())")
    }
    madvise(base, total, MADV_HUGEPAGE)
    bytes = needed
  }

  /// Gives all of it back; it may be grown again.
  func release() {
    if bytes > 0 { madvise(base, usable(bytes), MADV_DONTNEED) }
    bytes = 0
  }

  deinit { munmap(base, reserved) }
}
