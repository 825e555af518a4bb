import Darkroom
import Synchronization

/// What finished jobs have made, for a while and up to a number of bytes: the oldest goes first. In memory, and with a
/// folder in its files too, which a server finds again after its end.
package final class ResultStore: Sendable {
  package struct Limits: Sendable {
    package var bytes = 256 << 20
    package var time = Duration.seconds(3600)
    package init() {}
  }

  private struct Entry {
    let job: JobID
    let key: String?
    let status: JobStatus
    let bytes: Int
    let end: ContinuousClock.Instant
  }

  private struct State {
    /// The oldest first.
    var entries: [Entry] = []
    var bytes = 0
    var hits = 0

    mutating func dropFirst() {
      guard !entries.isEmpty else { return }
      bytes -= entries.removeFirst().bytes
    }

    mutating func dropOld(_ now: ContinuousClock.Instant) {
      while let first = entries.first, first.end <= now { dropFirst() }
    }
  }

  package let limits: Limits
  private let folder: ResultFolder?
  private let state = Mutex(State())

  package init(_ limits: Limits = Limits(), folder: ResultFolder? = nil) {
    (self.limits, self.folder) = (limits, folder)
  }

  /// Bytes of all pictures that are kept, and how often one has answered an order.
  package var figures: (bytes: Int, hits: Int) { state.withLock { ($0.bytes, $0.hits) } }

  /// The pictures of an identical order.
  package func result(of key: String, at now: ContinuousClock.Instant) -> [MadePicture]? {
    let found: [MadePicture]? = state.withLock { state in
      state.dropOld(now)
      guard case .done(let pictures)? = state.entries.last(where: { $0.key == key })?.status else {
        return nil
      }
      return pictures
    }
    guard let pictures = found ?? folder?.pictures(of: key, within: limits.time) else { return nil }
    state.withLock { $0.hits += 1 }
    return pictures
  }

  /// How a job ended.
  package func kept(_ job: JobID, at now: ContinuousClock.Instant) -> JobStatus? {
    state.withLock { state in
      state.dropOld(now)
      return state.entries.last { $0.job == job }?.status
    }
  }

  package func keep(_ status: JobStatus, of job: JobID, key: String?, at now: ContinuousClock.Instant) {
    let pictures = if case .done(let pictures) = status { pictures } else { [MadePicture]() }
    let bytes = pictures.reduce(0) { $0 + $1.bytes.count }
    guard bytes <= limits.bytes else { return }
    let isNew = state.withLock { state in
      state.dropOld(now)
      let isNew = key == nil || !state.entries.contains { $0.key == key }
      // Old ones that failed take room too.
      while state.bytes + bytes > limits.bytes || state.entries.count >= Self.most { state.dropFirst() }
      state.entries.append(
        Entry(job: job, key: isNew ? key : nil, status: status, bytes: bytes, end: now + limits.time))
      state.bytes += bytes
      return isNew
    }
    if isNew, let key, !pictures.isEmpty { folder?.keep(pictures, of: key, most: limits.bytes) }
  }

  private static let most = 4096
}
