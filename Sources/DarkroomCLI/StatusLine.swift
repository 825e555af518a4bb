/// What to write to show the state of the work: one rewriting line on a terminal, else a plain line now and then.
package struct StatusLine {
  /// Seconds between two plain lines, and between two rewritings.
  static let plainInterval = 5.0
  static let terminalInterval = 0.1

  /// Columns of the terminal; nil if there is none.
  private let terminalWidth: @Sendable () -> Int?
  private var lastTime: Double?
  private var isShown = false

  package init(terminalWidth: @escaping @Sendable () -> Int? = { nil }) { self.terminalWidth = terminalWidth }

  /// What to write for `text` at a time in seconds; nil if it is too early.
  /// - Parameter isNew: that a terminal should show it at once, as for a new stage.
  package mutating func showing(_ text: String, isNew: Bool, at time: Double) -> String? {
    let width = terminalWidth()
    let interval = width == nil ? Self.plainInterval : Self.terminalInterval
    if let lastTime, time - lastTime < interval, !(isNew && width != nil) { return nil }
    lastTime = time
    guard let width else { return singleLine(text) + "\n" }
    isShown = true
    // One column less, since a full line makes some terminals go to the next.
    return "\r" + String(singleLine(text).prefix(max(1, width - 1))) + "\u{1B}[K"
  }

  /// What to write before anything else.
  package mutating func clearing() -> String {
    guard isShown else { return "" }
    isShown = false
    return "\r\u{1B}[K"
  }
}
