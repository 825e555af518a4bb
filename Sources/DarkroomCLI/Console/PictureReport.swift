import Darkroom

/// Tells of finished pictures: a result each, on a terminal with seed, size and time, and the picture itself if that is
/// asked for.
package struct PictureReport: Sendable {
  let console: Console
  let json: Bool
  /// How the terminal shows pictures; nil if it need not.
  var graphics: TerminalGraphics?

  /// - Throws: `DarkroomError` of kind `output`.
  func tell(_ picture: any FinishedPicture, path: String, seconds: Double, row: Int? = nil) throws {
    if let graphics, let size = console.terminalSize {
      do {
        console.keep(
          try graphics.picture(of: picture.sheet, columns: size.columns, lines: size.lines, stays: true))
      } catch {
        console.notice("--show: \(error); the picture is written all the same")
      }
    }
    let result = PictureResult(picture, path: path, seconds: seconds, row: row)
    if json { return try console.result(json: result) }
    let name = singleLine(path)
    if console.isReadByPeople {
      let size = "\(result.width)x\(result.height)"
      console.notice("\(name): seed \(result.seed), \(size), \(fixed(seconds, places: 1)) s")
    }
    // People who read both streams need the name once.
    if !(console.isReadByPeople && console.outputIsTerminal) { try console.result(name) }
  }

  /// The same for a picture that is the output itself.
  /// - Throws: `DarkroomError` of kind `output`.
  func write(_ picture: any FinishedPicture, as format: PictureFormat, seconds: Double) throws {
    try console.result(bytes: picture.encoded(as: format))
    let size = "\(picture.width)x\(picture.height)"
    if console.isReadByPeople {
      console.notice("seed \(picture.request.seed), \(size), \(fixed(seconds, places: 1)) s")
    }
  }
}
