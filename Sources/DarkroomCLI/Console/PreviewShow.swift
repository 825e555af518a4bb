import Darkroom
import Dispatch
import SystemFiles
import Synchronization

/// Shows previews in a file, on the terminal or both, on a thread of its own so that sampling does not wait. At most
/// five times a second, but the last step of each picture always.
package final class PreviewShow: Sendable {
  /// Seconds between two that are not of a last step.
  static let interval = 0.2

  /// Previews of one step, of all pictures that are sampled together.
  private struct Sheet {
    var previews: [GenerationPreview]
    var isLast: Bool { previews[0].step == previews[0].steps }
  }

  private struct State {
    /// On their way from the engine.
    var arriving: [GenerationPreview] = []
    var lastTime: Double?
    /// To be shown; of sheets that are not of a last step the newest alone.
    var waiting: [Sheet] = []
    var isWorking = false
    var hasFailed = false
  }

  private let file: String?
  private let lock: RunLock?
  private let terminal: TerminalGraphics?
  private let console: Console
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "darkroom.previews", qos: .utility)

  /// - Parameters:
  ///   - file: is replaced each time.
  ///   - lock: keeps the file from other runs.
  ///   - terminal: how the error stream shows pictures.
  package init(file: String?, lock: RunLock? = nil, terminal: TerminalGraphics?, console: Console) {
    (self.file, self.lock, self.terminal, self.console) = (file, lock, terminal, console)
  }

  /// Takes the next of the previews that the engine tells.
  package func take(_ preview: GenerationPreview) {
    let begins = state.withLock { state in
      if preview.index == preview.together.lowerBound { state.arriving = [] }
      state.arriving.append(preview)
      guard preview.index == preview.together.upperBound - 1 else { return false }
      let sheet = Sheet(previews: state.arriving)
      let now = console.now
      if !sheet.isLast, let last = state.lastTime, now - last < Self.interval { return false }
      state.lastTime = now
      if state.waiting.last?.isLast == false { state.waiting.removeLast() }
      state.waiting.append(sheet)
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if begins { queue.async { self.work() } }
  }

  /// Waits until everything is shown.
  package func finish() { queue.sync {} }

  private func work() {
    while let sheet = next() { show(PreviewSheet(sheet.previews)) }
  }

  private func next() -> Sheet? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isWorking = false
        return nil
      }
      return state.waiting.removeFirst()
    }
  }

  /// Pictures are worth more than previews: what goes wrong here is said once and ends nothing.
  private func show(_ sheet: PreviewSheet) {
    do {
      if let terminal, let size = console.terminalSize {
        console.picture(try terminal.picture(of: sheet, columns: size.columns, lines: size.lines))
      }
      if let file { try sheet.write(to: file) }
    } catch {
      let isFirst = state.withLock { state in
        defer { state.hasFailed = true }
        return !state.hasFailed
      }
      if isFirst { console.notice("preview: \(error); the pictures are made all the same") }
    }
  }
}
