import CMicrohttpd
import Glibc
import Synchronization

/// The pieces of a streamed answer on their way to the daemon's thread, which never waits for them: while there is none,
/// the connection is suspended.
final class StreamFeed: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isEnded = false
    var isSuspended = false
  }

  private let connection: Suspended
  private nonisolated(unsafe) let pointer: OpaquePointer
  private let state = Mutex(State())
  private let pump = Mutex<Task<Void, Never>?>(nil)
  /// Touched by the daemon's thread alone.
  nonisolated(unsafe) var watch: UInt64?
  /// Bytes that wait for a slow client, beyond which the pieces wait.
  private static let most = 16 << 20

  init(_ pieces: AsyncStream<[UInt8]>, _ connection: OpaquePointer) {
    (pointer, self.connection) = (connection, Suspended(connection))
    let task = Task(executorPreference: ServerExecutor.shared) { [self] in
      for await piece in pieces {
        guard add(piece) else { break }
        while isFull, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
      }
      finish()
    }
    pump.withLock { $0 = task }
  }

  static let read: MHD_ContentReaderCallback = { feed, _, place, most in
    guard let feed, let place else { return -1 }
    return Unmanaged<StreamFeed>.fromOpaque(feed).takeUnretainedValue().read(into: place, most)
  }

  private func read(into place: UnsafeMutablePointer<CChar>, _ most: Int) -> Int {
    state.withLock { state in
      guard !state.bytes.isEmpty else {
        if state.isEnded { return -1 }
        state.isSuspended = true
        MHD_suspend_connection(pointer)
        return 0
      }
      let count = min(most, state.bytes.count)
      state.bytes.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { memcpy(place, start, count) }
      }
      state.bytes.removeFirst(count)
      return count
    }
  }

  private var isFull: Bool { state.withLock { $0.bytes.count > Self.most } }

  /// - Returns: false if nobody reads any longer.
  private func add(_ piece: [UInt8]) -> Bool {
    change { state in
      if !state.isEnded { state.bytes += piece }
    }
  }

  private func finish() { _ = change { $0.isEnded = true } }

  private func change(_ body: (inout State) -> Void) -> Bool {
    let (goesOn, resumes) = state.withLock { state in
      body(&state)
      defer { state.isSuspended = false }
      return (!state.isEnded, state.isSuspended)
    }
    if resumes { connection.resume() }
    return goesOn
  }

  /// The client has left, or the answer has been sent.
  func stop() {
    pump.withLock { $0 }?.cancel()
    finish()
  }
}
