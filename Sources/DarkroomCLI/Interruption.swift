@preconcurrency import Dispatch
import Glibc
import Synchronization

/// SIGINT, SIGTERM, and SIGXCPU of a limit on time: the first cancels the work, the second ends the process at once.
final class Interruption: Sendable {
  private let received = Mutex<Int32?>(nil)
  private let sources: [any DispatchSourceSignal]

  /// The signal that has cancelled the work.
  var signal: Int32? { received.withLock { $0 } }

  init(cancel: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "darkroom.signals", qos: .userInteractive)
    let numbers = [SIGINT, SIGTERM, SIGXCPU]
    sources = numbers.map { number in
      // The source sees the signal all the same.
      Glibc.signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    for (source, number) in zip(sources, numbers) {
      source.setEventHandler { [weak self] in
        guard let self else { return }
        let isFirst = self.received.withLock { received in
          defer { received = received ?? number }
          return received == nil
        }
        guard isFirst else { _exit(ExitCode.interrupted(by: number)) }
        cancel()
      }
      source.activate()
    }
  }
}
