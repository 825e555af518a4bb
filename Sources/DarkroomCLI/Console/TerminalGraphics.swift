import Darkroom
import FoundationEssentials

/// How a terminal shows pictures among text.
package enum TerminalGraphics: Sendable, Equatable {
  /// kitty's protocol (sw.kovidgoyal.net/kitty/graphics-protocol): a PNG file that the terminal scales.
  case kitty
  /// iTerm2's (iterm2.com/documentation-images.html), which WezTerm has as well: the same.
  case iTerm2
  /// Upper half blocks in 24-bit colours: a cell is two pixels.
  case blocks

  /// By the environment alone: to ask the terminal means to wait for an answer among what the user types.
  /// - Returns: nil if it is not known to show any.
  package init?(_ environment: [String: String]) {
    let (terminal, program) = (environment["TERM"] ?? "", environment["TERM_PROGRAM"] ?? "")
    // What multiplexers pass on is text.
    let isMultiplexed =
      environment["TMUX"] != nil || environment["STY"] != nil || terminal.hasPrefix("screen")
      || terminal.hasPrefix("tmux")
    if terminal == "dumb" { return nil }
    if !isMultiplexed {
      // Other terminals that are started from kitty inherit its KITTY_WINDOW_ID.
      let isKitty = program.isEmpty && environment["KITTY_WINDOW_ID"] != nil
      if ["xterm-kitty", "xterm-ghostty"].contains(terminal) || program == "ghostty" || isKitty {
        self = .kitty
        return
      }
      if ["iTerm.app", "WezTerm"].contains(program) {
        self = .iTerm2
        return
      }
    }
    guard ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || terminal.hasSuffix("-direct")
    else { return nil }
    self = .blocks
  }

  /// The sheet as wide and high as a terminal of this size has room for beside other lines.
  /// - Parameter stays: whether no later picture takes its place.
  /// - Throws: `DarkroomError`.
  package func picture(
    of sheet: PreviewSheet, columns: Int, lines: Int, stays: Bool = false
  ) throws -> TerminalPicture {
    let room = max(1, min(24, lines * 2 / 3))
    // A cell is about twice as high as wide.
    let natural = self == .blocks ? min(room, (sheet.height + 1) / 2) : room
    let fitting = (columns - 1) * sheet.height / (2 * sheet.width)
    let rows = max(1, min(natural, fitting))
    let width = max(1, min(columns - 1, rows * 2 * sheet.width / sheet.height))
    let down = "\u{1B}[\(rows)B\r"
    switch self {
    case .kitty:
      let place = stays ? "" : "i=\(Self.identifier),p=1,"
      let keys = "a=T,f=100,\(place)c=\(width),r=\(rows),C=1,q=2"
      return TerminalPicture(
        text: Self.chunks(try sheet.png(), keys: keys) + down, rows: rows,
        erasing: "\u{1B}_Ga=d,d=I,i=\(Self.identifier),q=2\u{1B}\\")
    case .iTerm2:
      let file = Data(try sheet.png()).base64EncodedString()
      let image = "\u{1B}]1337;File=inline=1;width=\(width);height=\(rows);preserveAspectRatio=0:\(file)\u{7}"
      return TerminalPicture(text: "\u{1B}7\(image)\u{1B}8\(down)", rows: rows)
    case .blocks:
      return TerminalPicture(text: Self.blocks(sheet, columns: width, rows: rows), rows: rows)
    }
  }

  /// Of our picture among those of a terminal: a new one of that number takes its place.
  private static let identifier = 17_490

  /// Base64 in pieces of 4096 characters, as kitty's protocol asks for.
  private static func chunks(_ file: [UInt8], keys: String) -> String {
    var rest = Array(Data(file).base64EncodedString().utf8)[...]
    var text = ""
    var keys = keys + ","
    repeat {
      let piece = rest.prefix(4096)
      rest = rest.dropFirst(4096)
      text += "\u{1B}_G\(keys)m=\(rest.isEmpty ? 0 : 1);\(String(decoding: piece, as: UTF8.self))\u{1B}\\"
      keys = ""
    } while !rest.isEmpty
    return text
  }

  private static func blocks(_ sheet: PreviewSheet, columns: Int, rows: Int) -> String {
    let (pixels, width) = sheet.resized(width: columns, height: 2 * rows)
    var text = ""
    for row in 0..<rows {
      for column in 0..<width {
        let (upper, lower) = (3 * (2 * row * width + column), 3 * ((2 * row + 1) * width + column))
        text += "\u{1B}[38;2;\(pixels[upper]);\(pixels[upper + 1]);\(pixels[upper + 2])m"
        text += "\u{1B}[48;2;\(pixels[lower]);\(pixels[lower + 1]);\(pixels[lower + 2])m\u{2580}"
      }
      text += "\u{1B}[0m\u{1B}[K\r\n"
    }
    return text
  }
}

/// What draws a picture from the cursor on.
package struct TerminalPicture: Sendable {
  /// Begins at the first column of the picture's first line, and ends in that of the line below the picture.
  package let text: String
  /// Lines that it takes.
  package let rows: Int
  /// What takes it away, beside erasing its lines.
  package var erasing = ""

  package init(text: String, rows: Int, erasing: String = "") {
    (self.text, self.rows, self.erasing) = (text, rows, erasing)
  }
}
