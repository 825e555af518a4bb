import Glibc
import Graph
import Synchronization
import SystemFiles

/// Packed weights in a folder of the disk, so that the next run maps them instead of reading and packing a model's files.
///
/// A file holds what one network needed and was not there before. It is known by the model's files, the way of packing,
/// the instruction set and the kernels' version; all of its numbers are checked before they are used. Files that were not
/// used for longest go when there are too many. Any number of processes may share the folder.
package final class PackCache: Sendable {
  package let folder: String
  /// Bytes of packed weights that are worth a file.
  package static let usualLeast = 32 << 20
  private let least: Int
  private let most: Int?
  private let state = Mutex(State())

  private struct State {
    var remarks: [String] = []
    var waiting: [PackWriting] = []
    var isWriting = false
    /// What would be gone before it is written.
    var held: [Buffer] = []
  }

  /// - Parameters:
  ///   - folder: is made when it is needed.
  ///   - least: fewer bytes are packed anew each time.
  ///   - most: bytes of all files together; nil for 20 GiB, or a quarter of what the disk could give if that is less.
  package init(folder: String, least: Int = usualLeast, most: Int? = nil) {
    (self.folder, self.least, self.most) = (folder, least, most)
  }

  /// What the user should know, the oldest first.
  package var remarks: [String] { state.withLock { $0.remarks } }

  func isWorthwhile(_ keys: [PackKey]) -> Bool { keys.reduce(0) { $0 + $1.bytes } >= least }

  // MARK: Reading

  /// Those of some packs that are there and sound.
  func packs(_ wanted: PackNames, _ pool: ThreadPool) -> [PackKey: Buffer] {
    var found: [PackKey: Buffer] = [:]
    for path in paths(wanted) {
      do {
        guard let file = try PackFile(path, kernels: wanted.kernels) else { continue }
        found.merge(try packs(wanted, of: file, pool) { found[$0] == nil }) { first, _ in first }
      } catch {
        // Whoever has it mapped keeps what is mapped.
        unlink(path)
        let reason = (error as? PackFile.Damage)?.reason ?? "\(error)"
        tell("\(path) \(reason), and was removed; weights are packed again")
      }
    }
    return found
  }

  /// Lets the system begin to read the files of some packs, and waits while it has much to do.
  /// - Returns: false if there are none.
  func readAhead(_ wanted: PackNames) -> Bool {
    let files = paths(wanted).compactMap { try? PackFile($0, kernels: wanted.kernels) }
    for file in files { file.readAhead() }
    return !files.isEmpty
  }

  private func paths(_ wanted: PackNames) -> [String] {
    let names = (try? Paths.names(in: folder)) ?? []
    return names.filter { $0.hasPrefix("\(wanted.network)-") && $0.hasSuffix(PackFile.ending) }.sorted()
      .map { "\(folder)/\($0)" }
  }

  private func packs(
    _ wanted: PackNames, of file: PackFile, _ pool: ThreadPool, where isMissing: (PackKey) -> Bool
  ) throws -> [PackKey: Buffer] {
    let places = wanted.names.compactMap { key, name in
      isMissing(key) ? file.table.places[name].map { (key: key, place: $0) } : nil
    }.sorted { $0.place.bytes > $1.place.bytes }
    guard !places.isEmpty else { return [:] }
    file.readAhead()
    try pool.forEach(places.count) { index in
      let (key, place) = places[index]
      guard place.bytes == key.bytes, file.isSound(place) else { throw PackFile.Damage(reason: "is damaged") }
    }
    return Dictionary(uniqueKeysWithValues: places.map { ($0.key, Buffer($0.place, of: file)) })
  }

  // MARK: Writing

  /// Writes packs on a thread of its own, for as long as somebody else holds them.
  func keep(_ packs: [(key: PackKey, buffer: Buffer)], _ named: PackNames) {
    let kept = packs.compactMap { key, buffer in
      named.names[key].map { PackWriting.Pack(name: $0, bytes: key.bytes, buffer: buffer) }
    }
    guard kept.reduce(0, { $0 + $1.bytes }) >= least, !kept.isEmpty else { return }
    let writing = PackWriting(
      path: "\(folder)/\(named.file(packs.map(\.key)))", kernels: named.kernels, packs: kept, most: most)
    let isFirst = state.withLock { state in
      state.waiting.append(writing)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    guard isFirst else { return }
    PackCache.writers.withLock { $0 += 1 }
    let started = startQuietThread { [self] in
      while let next = nextWriting() {
        do { try next.run() } catch { tell("\(error)") }
      }
      PackCache.writers.withLock { $0 -= 1 }
    }
    guard !started else { return }
    PackCache.writers.withLock { $0 -= 1 }
    state.withLock { ($0.waiting, $0.isWriting) = ([], false) }
  }

  /// Keeps what a backend leaves until it is written.
  func hold(_ buffers: some Collection<Buffer>) {
    state.withLock { if $0.isWriting { $0.held += buffers } }
  }

  /// Threads that write, of all caches of this process.
  private static let writers = Mutex(0)

  /// Waits until everything is written, for a command that has done its work: what it ends before is lost, and one that is
  /// shorter than its writing would never have a quick start.
  package static func finish(within limit: Duration, while goesOn: () -> Bool) {
    let end = ContinuousClock.now + limit
    while writers.withLock({ $0 > 0 }), ContinuousClock.now < end, goesOn() { usleep(5000) }
  }

  private func nextWriting() -> PackWriting? {
    state.withLock { state in
      if state.waiting.isEmpty { (state.isWriting, state.held) = (false, []) }
      return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
    }
  }

  /// Waits until everything is written that is to be. For tests.
  package func settle() { while state.withLock({ $0.isWriting }) { usleep(1000) } }

  private func tell(_ remark: String) {
    state.withLock { state in
      let text = "packed weights: \(remark)"
      if !state.remarks.contains(text) { state.remarks.append(text) }
    }
  }
}
