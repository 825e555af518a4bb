import Synchronization

import DarkroomCLI

/// A console whose streams and clock a test holds in its hands.
final class TestConsole: Sendable {
  private struct State {
    var output = ""
    var error = ""
    var seconds = 0.0
  }

  private let state = Mutex(State())
  let terminalWidth: Int?

  let outputIsTerminal: Bool

  init(terminalWidth: Int? = nil, outputIsTerminal: Bool = false) {
    self.terminalWidth = terminalWidth
    self.outputIsTerminal = outputIsTerminal
  }

  var console: Console {
    let width = terminalWidth
    return Console(
      terminalWidth: { width }, outputIsTerminal: outputIsTerminal,
      seconds: { self.state.withLock { $0.seconds } },
      write: { stream, bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        self.state.withLock { state in
          switch stream {
          case .output: state.output += text
          case .error: state.error += text
          }
        }
      })
  }

  var output: String { state.withLock { $0.output } }
  var error: String { state.withLock { $0.error } }
  func wait(_ seconds: Double) { state.withLock { $0.seconds += seconds } }

  /// Runs words as the command line within this process.
  func run(_ words: [String], environment: [String: String] = [:]) async -> Int32 {
    await Program(console: console, environment: environment, handlesSignals: false).run(words)
  }
}
