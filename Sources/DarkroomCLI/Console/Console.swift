import Darkroom
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import SystemFiles

/// Where results, progress, notices and errors go. Calls from any thread.
package final class Console: Sendable {
  package enum Stream: Int32, Sendable {
    case output = 1
    case error = 2
  }

  /// Writes all bytes; a failure of the output is thrown, but not that its reader has gone.
  package typealias Write = @Sendable (Stream, [UInt8]) throws -> Void

  private struct State {
    var quiet = false
    var status = StatusLine()
  }

  private let state: Mutex<State>
  private let send: Write
  private let seconds: @Sendable () -> Double
  private let size: @Sendable () -> (columns: Int, lines: Int)?
  /// Whether the output is a terminal.
  let outputIsTerminal: Bool

  /// - Parameters:
  ///   - terminalWidth: columns of the terminal that the error stream is; nil if it is none.
  ///   - terminalHeight: its lines.
  ///   - seconds: a clock that never goes back.
  package init(
    terminalWidth: @escaping @Sendable () -> Int?, terminalHeight: @escaping @Sendable () -> Int = { 24 },
    outputIsTerminal: Bool = false, seconds: @escaping @Sendable () -> Double, write: @escaping Write
  ) {
    size = { terminalWidth().map { ($0, terminalHeight()) } }
    state = Mutex(State(status: StatusLine(terminalWidth: terminalWidth)))
    self.outputIsTerminal = outputIsTerminal
    send = write
    self.seconds = seconds
  }

  static let standard = Console(
    terminalWidth: { size(of: .error)?.columns }, terminalHeight: { size(of: .error)?.lines ?? 24 },
    outputIsTerminal: isatty(Stream.output.rawValue) == 1,
    seconds: { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 },
    write: { stream, bytes in try writeAll(bytes, to: stream) })

  private func write(_ stream: Stream, _ text: String) throws { try send(stream, Array(text.utf8)) }

  /// Whether only errors go to the error stream.
  package var quiet: Bool {
    get { state.withLock { $0.quiet } }
    set { state.withLock { $0.quiet = newValue } }
  }

  var now: Double { seconds() }

  /// Of the terminal that the error stream is; nil if it is none.
  var terminalSize: (columns: Int, lines: Int)? { size() }

  /// Fails early if the output is closed.
  /// - Throws: `DarkroomError` of kind `output`.
  func checkOutput() throws { try write(.output, "") }

  /// - Throws: `DarkroomError` of kind `output`.
  package func result(_ text: String) throws {
    try state.withLock { state in
      try? write(.error, state.status.clearing())
      try write(.output, text + "\n")
    }
  }

  /// - Throws: `DarkroomError` of kind `output`.
  func result(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      try result(String(decoding: encoder.encode(value), as: UTF8.self))
    } catch let error as EncodingError {
      throw DarkroomError(.output, "a result cannot be written as JSON: \(error)")
    }
  }

  /// - Throws: `DarkroomError` of kind `output`.
  func result(bytes: [UInt8]) throws {
    try state.withLock { state in
      try? write(.error, state.status.clearing())
      try send(.output, bytes)
    }
  }

  /// Whether the error stream is a terminal that more than errors go to.
  var isReadByPeople: Bool { terminalSize != nil && !quiet }

  package func notice(_ text: String) { state.withLock { if !$0.quiet { line(text, &$0) } } }

  /// A line for programs, with nothing before it.
  func log(_ line: String) {
    state.withLock { state in
      if !state.quiet { try? write(.error, state.status.clearing() + line + "\n") }
    }
  }

  package func error(_ text: String) { state.withLock { line(text, &$0) } }

  /// Shows the state of the work, if it is time for it.
  /// - Parameter short: what stays of it in a narrow terminal.
  package func status(_ text: String, short: String? = nil, isNew: Bool) {
    state.withLock { state in
      guard !state.quiet,
        let shown = state.status.showing(text, short: short, isNew: isNew, at: seconds())
      else { return }
      try? write(.error, shown)
    }
  }

  /// Shows a picture above the state of the work, in the place of the one before.
  func picture(_ picture: TerminalPicture) {
    state.withLock { state in
      guard !state.quiet, let shown = state.status.showing(picture) else { return }
      try? write(.error, shown)
    }
  }

  /// Shows a picture that stays where it is.
  func keep(_ picture: TerminalPicture) {
    state.withLock { if !$0.quiet { try? write(.error, $0.status.keeping(picture)) } }
  }

  /// Takes the rewriting line and the picture away.
  func endStatus() { state.withLock { try? write(.error, $0.status.clearing()) } }

  private func line(_ text: String, _ state: inout State) {
    try? write(.error, state.status.clearing() + "darkroom: \(singleLine(text))\n")
  }
}

extension Console {
  private static func size(of stream: Stream) -> (columns: Int, lines: Int)? {
    // A dumb terminal cannot rewrite a line.
    guard isatty(stream.rawValue) == 1, let name = getenv("TERM"),
      !["", "dumb"].contains(String(cString: name))
    else { return nil }
    var size = winsize()
    guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
    return (Int(size.ws_col), size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  private static func writeAll(_ bytes: [UInt8], to stream: Stream) throws {
    var bytes = bytes[...]
    repeat {
      let count = bytes.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EPIPE {
        // Nobody listens any more: what was asked for is done all the same.
        return
      } else if errno == EAGAIN {
        var poll = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
        _ = Glibc.poll(&poll, 1, -1)
      } else if errno != EINTR {
        throw DarkroomError(.output, "the output: \(errno == EBADF ? "is closed" : systemReason())")
      }
    } while !bytes.isEmpty
  }
}
