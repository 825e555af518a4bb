import Darkroom
import DarkroomCLI
import Dispatch
import Foundation
import Pictures
import Synchronization
import Testing

/// When previews are written, and what happens if they cannot be.
@Suite struct PreviewShowTests {
  private let folder: TemporaryFolder
  private let test = TestConsole(terminalWidth: 40)

  init() throws { folder = try TemporaryFolder() }

  private func preview(
    _ step: Int, of steps: Int = 9, grey: UInt8, index: Int = 0, together: Range<Int> = 0..<1
  )
    -> GenerationPreview
  {
    GenerationPreview(
      index: index, together: together, step: step, steps: steps, width: 2, height: 2,
      pixels: [UInt8](repeating: grey, count: 12), pictureWidth: 256, pictureHeight: 256)
  }

  private var shown: Picture? {
    get throws {
      guard folder.names.contains("p.png") else { return nil }
      return try Picture.decode([UInt8](folder.data("p.png")))
    }
  }

  @Test func fiveASecondAndTheLastStep() throws {
    let show = PreviewShow(file: folder.path("p.png"), terminal: nil, console: test.console)
    #expect(try shown == nil)
    var greys: [UInt8?] = []
    for (step, seconds) in [(1, 0.0), (2, 0.1), (3, 0.15), (4, 0.05), (9, 0.01), (1, 0.01), (2, 0.2)] {
      test.wait(seconds)
      show.take(preview(step, grey: UInt8(10 * greys.count)))
      show.finish()
      greys.append(try shown?.pixels[0])
    }
    #expect(greys == [0, 0, 20, 20, 40, 40, 60])
    #expect(folder.names == ["p.png"] && test.error.isEmpty)
  }

  @Test func picturesOfABatchStandSideBySide() throws {
    let show = PreviewShow(file: folder.path("p.png"), terminal: nil, console: test.console)
    show.take(preview(1, grey: 10, index: 2, together: 2..<4))
    show.finish()
    #expect(try shown == nil)
    show.take(preview(1, grey: 200, index: 3, together: 2..<4))
    show.finish()
    let picture = try #require(try shown)
    #expect(picture.width == 512 && picture.pixels[0] == 10 && picture.pixels[3 * 511] == 200)
  }

  /// Of what comes while a slow terminal is written to, the newest is worth showing, and last steps.
  @Test func theLastStepIsNeverLeftOut() throws {
    let gate = DispatchSemaphore(value: 0)
    let begun = DispatchSemaphore(value: 0)
    let written = Mutex("")
    let seconds = Mutex(0.0)
    let console = Console(
      terminalWidth: { 40 }, seconds: { seconds.withLock { $0 } },
      write: { _, bytes in
        begun.signal()
        gate.wait()
        gate.signal()
        written.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
      })
    let show = PreviewShow(file: nil, terminal: .blocks, console: console)
    show.take(preview(1, grey: 1))
    begun.wait()
    for (step, grey) in [(2, 2), (3, 3), (9, 4), (1, 5), (2, 6), (9, 7), (1, 8), (2, 9)] {
      seconds.withLock { $0 += 1 }
      show.take(preview(step, grey: UInt8(grey)))
    }
    gate.signal()
    show.finish()
    let text = written.withLock { $0 }
    let greys = (1...9).filter { text.contains("[38;2;\($0);\($0);\($0)m") }
    #expect(greys == [1, 4, 7, 9])
  }

  @Test func whatCannotBeWrittenIsSaidOnce() throws {
    let show = PreviewShow(file: folder.path("gone/p.png"), terminal: nil, console: test.console)
    for step in 1...3 {
      test.wait(1)
      show.take(preview(step, grey: 0))
    }
    show.finish()
    let notices = test.error.split(separator: "\n")
    try #require(notices.count == 1, "\(test.error)")
    #expect(
      notices[0].hasPrefix("darkroom: preview: cannot write ") && notices[0].contains("gone/p.png: No such"))
    #expect(notices[0].hasSuffix("; the pictures are made all the same"))
  }

  // MARK: The terminal

  @Test func thePictureStandsAboveTheLine() {
    let small = TerminalPicture(text: "<small>", rows: 2, erasing: "<gone>")
    let tall = TerminalPicture(text: "<tall>", rows: 3)
    var line = StatusLine(terminalWidth: { 20 })
    #expect(line.showing("a", isNew: true, at: 0) == "\ra\u{1B}[K")
    #expect(line.showing(small) == "\r\u{1B}[K\r\n\r\n\u{1B}[2A<small>\ra\u{1B}[K")
    #expect(line.showing(small) == "\r\u{1B}[2A<small>\ra\u{1B}[K")
    #expect(line.showing("b", isNew: true, at: 1) == "\rb\u{1B}[K")
    #expect(line.showing(tall) == "\r<gone>\u{1B}[2A\u{1B}[J\r\n\r\n\r\n\u{1B}[3A<tall>\rb\u{1B}[K")
    #expect(line.clearing() == "\r\u{1B}[3A\u{1B}[J")
    #expect(line.clearing() == "")
    #expect(line.showing(tall) == "\r\n\r\n\r\n\u{1B}[3A<tall>")
    var none = StatusLine()
    #expect(none.showing(small) == nil && none.clearing() == "")
  }

  @Test func noticesAndResultsPushThePictureAway() throws {
    let console = test.console
    let show = PreviewShow(file: nil, terminal: .blocks, console: console)
    show.take(preview(9, grey: 7))
    show.finish()
    let before = test.error
    console.notice("note")
    #expect(test.error.dropFirst(before.count) == "\r\u{1B}[1A\u{1B}[Jdarkroom: note\n")
    #expect(test.output.isEmpty)
  }

  @Test func aTerminalThatIsNoneShowsNothing() {
    let plain = TestConsole()
    let show = PreviewShow(file: nil, terminal: .blocks, console: plain.console)
    show.take(preview(9, grey: 7))
    show.finish()
    #expect(plain.error.isEmpty)
  }
}

/// How terminals are told apart and what they are sent.
@Suite struct TerminalGraphicsTests {
  private static let terminals: [([String: String], TerminalGraphics?)] = [
    (["TERM": "xterm-kitty"], .kitty), (["TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"], .kitty),
    (["TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"], .kitty),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "COLORTERM": "truecolor"], .iTerm2),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "KITTY_WINDOW_ID": "1"], .iTerm2),
    (["TERM": "xterm-256color", "COLORTERM": "truecolor"], .blocks), (["COLORTERM": "24bit"], .blocks),
    (["TERM": "xterm-direct"], .blocks),
    (["TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "COLORTERM": "truecolor"], .blocks),
    (["TERM": "xterm-kitty", "TMUX": "/tmp/tmux", "COLORTERM": "truecolor"], .blocks),
    (["TERM": "screen.xterm-256color", "KITTY_WINDOW_ID": "1"], nil),
    (["TERM": "xterm-kitty", "STY": "1"], nil),
    (["TERM": "dumb", "COLORTERM": "truecolor"], nil), (["TERM": "xterm-256color"], nil), ([:], nil),
    (["TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1"], nil),
  ]

  @Test(arguments: terminals)
  func detection(environment: [String: String], graphics: TerminalGraphics?) {
    #expect(TerminalGraphics(environment) == graphics)
  }

  private func sheet(width: Int, height: Int, count: Int = 1) -> PreviewSheet {
    var state: UInt32 = 1
    let pixels = (0..<width * height * 3).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return PreviewSheet(
      (0..<count).map {
        GenerationPreview(
          index: $0, together: 0..<count, step: 1, steps: 2, width: width, height: height, pixels: pixels,
          pictureWidth: 8 * width, pictureHeight: 8 * height)
      })
  }

  @Test func halfBlocks() throws {
    let preview = GenerationPreview(
      index: 0, together: 0..<1, step: 1, steps: 2, width: 1, height: 4,
      pixels: [1, 2, 3, 40, 50, 60, 70, 80, 90, 255, 0, 255], pictureWidth: 8, pictureHeight: 32)
    let picture = try TerminalGraphics.blocks.picture(of: PreviewSheet([preview]), columns: 80, lines: 24)
    #expect(picture.rows == 2 && picture.erasing.isEmpty)
    #expect(
      picture.text == "\u{1B}[38;2;1;2;3m\u{1B}[48;2;40;50;60m▀\u{1B}[0m\u{1B}[K\r\n"
        + "\u{1B}[38;2;70;80;90m\u{1B}[48;2;255;0;255m▀\u{1B}[0m\u{1B}[K\r\n")
  }

  /// Within the width, and two thirds of the height.
  @Test(arguments: [
    (64, 64, 1, 80, 24, 32, 16), (64, 64, 1, 200, 60, 48, 24), (32, 32, 1, 80, 48, 32, 16),
    (64, 64, 4, 60, 40, 56, 7), (16, 64, 1, 80, 24, 8, 16), (64, 64, 1, 5, 3, 4, 2),
    (64, 2, 4, 20, 24, 16, 1),
  ])
  func sizes(width: Int, height: Int, count: Int, columns: Int, lines: Int, shownColumns: Int, rows: Int)
    throws
  {
    let sheet = sheet(width: width, height: height, count: count)
    let picture = try TerminalGraphics.blocks.picture(of: sheet, columns: columns, lines: lines)
    #expect(picture.rows == rows)
    let drawn = picture.text.components(separatedBy: "\r\n").map { $0.unicodeScalars.count { $0 == "▀" } }
    #expect(drawn == [Int](repeating: shownColumns, count: rows) + [0])
  }

  @Test func kittyTakesAFileInPieces() throws {
    let sheet = sheet(width: 64, height: 64)
    let picture = try TerminalGraphics.kitty.picture(of: sheet, columns: 80, lines: 30)
    let pieces = picture.text.components(separatedBy: "\u{1B}_G").dropFirst().map {
      $0.components(separatedBy: "\u{1B}\\")[0].components(separatedBy: ";")
    }
    #expect(pieces.count > 3 && pieces[0][0] == "a=T,f=100,i=17490,p=1,c=40,r=20,C=1,q=2,m=1")
    #expect(pieces.dropFirst().map { $0[0] } == [String](repeating: "m=1", count: pieces.count - 2) + ["m=0"])
    #expect(pieces.allSatisfy { $0[1].utf8.count <= 4096 } && pieces[0][1].utf8.count == 4096)
    let file = try #require(Data(base64Encoded: pieces.map { $0[1] }.joined()))
    #expect(try [UInt8](file) == sheet.png())
    #expect(picture.rows == 20 && picture.text.hasSuffix("\u{1B}\\\u{1B}[20B\r"))
    #expect(picture.erasing == "\u{1B}_Ga=d,d=I,i=17490,q=2\u{1B}\\")
  }

  @Test func iTerm2TakesAFile() throws {
    let sheet = sheet(width: 8, height: 4)
    let picture = try TerminalGraphics.iTerm2.picture(of: sheet, columns: 21, lines: 30)
    let file = Data(try sheet.png()).base64EncodedString()
    #expect(
      picture.text
        == "\u{1B}7\u{1B}]1337;File=inline=1;width=20;height=5;preserveAspectRatio=0:\(file)\u{7}\u{1B}8\u{1B}[5B\r"
    )
    #expect(picture.rows == 5)
  }
}
