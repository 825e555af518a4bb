/// What to write to show the state of the work: one rewriting line on a terminal, with a picture above it if there is
/// one, else a plain line now and then.
package struct StatusLine {
  /// Seconds between two plain lines, and between two rewritings.
  static let plainInterval = 5.0
  static let terminalInterval = 0.1

  /// Columns of the terminal; nil if there is none.
  private let terminalWidth: @Sendable () -> Int?
  private var lastTime: Double?
  /// What stands on the terminal.
  private var shown: String?
  private var picture: TerminalPicture?

  package init(terminalWidth: @escaping @Sendable () -> Int? = { nil }) { self.terminalWidth = terminalWidth }

  /// What to write for `text` at a time in seconds; nil if it is too early.
  /// - Parameters:
  ///   - short: what stays of it in a terminal that is too narrow; nil for the beginning.
  ///   - isNew: that a terminal should show it at once, as for a new stage.
  package mutating func showing(_ text: String, short: String? = nil, isNew: Bool, at time: Double) -> String?
  {
    let width = terminalWidth()
    let interval = width == nil ? Self.plainInterval : Self.terminalInterval
    if let lastTime, time - lastTime < interval, !(isNew && width != nil) { return nil }
    lastTime = time
    guard let width else { return singleLine(text) + "\n" }
    // One column less, since a full line makes some terminals go to the next.
    let room = max(1, width - 1)
    let full = singleLine(text)
    let fitting = full.count <= room ? full : short.map(singleLine) ?? full
    let line = "\r" + String(fitting.prefix(room)) + "\u{1B}[K"
    shown = line
    return line
  }

  /// What to write for a picture above the line, in the place of the one that is there; nil if there is no terminal.
  package mutating func showing(_ next: TerminalPicture) -> String? {
    guard terminalWidth() != nil else { return nil }
    if picture?.rows == next.rows {
      picture = next
      return "\r\u{1B}[\(next.rows)A\(next.text)\(shown ?? "")"
    }
    let line = shown
    let clearing = clearing()
    (picture, shown) = (next, line)
    return "\(clearing)\(Self.room(next))\(next.text)\(line ?? "")"
  }

  /// What to write for a picture that is no part of the state.
  package mutating func keeping(_ picture: TerminalPicture) -> String {
    "\(clearing())\(Self.room(picture))\(picture.text)"
  }

  /// Lines for a picture, since at the end of the screen they move what is above.
  private static func room(_ picture: TerminalPicture) -> String {
    String(repeating: "\r\n", count: picture.rows) + "\u{1B}[\(picture.rows)A"
  }

  /// What to write before anything else.
  package mutating func clearing() -> String {
    defer { (shown, picture) = (nil, nil) }
    if let picture { return "\r\(picture.erasing)\u{1B}[\(picture.rows)A\u{1B}[J" }
    return shown == nil ? "" : "\r\u{1B}[K"
  }
}
