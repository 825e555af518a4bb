import Darkroom
import FoundationEssentials
import SystemFiles

extension Option {
  static let show = `switch`("show", "draw each finished picture on the terminal") { $0.show = true }
  static let preview = path(
    "preview", "FILE", "a picture that shows after each step what is being drawn: .png, .jpg, .jpeg or .webp"
  ) { $0.preview = $1 }
  static let previewTerminal = `switch`("preview-terminal", "show the same on the terminal") {
    $0.previewTerminal = true
  }
}

extension Command {
  /// What help says of previews.
  static let previewDetails = """
    --preview FILE is written whole after each step, five times a second at most, and the last step always. It
    shows the network's estimate of the finished picture, a colour for 8x8 pixels, enlarged to a longer side of
    256 to 512 pixels; pictures that are sampled together stand side by side, later ones and those of other rows
    take their place, and the last stays. --preview-terminal needs kitty, Ghostty, iTerm2 or WezTerm, else a
    terminal with 24-bit colours, which COLORTERM in the environment says.
    """
}

extension Invocation {
  /// Who shows previews, if they are asked for.
  /// - Parameter paths: files that a preview must not replace.
  /// - Throws: `DarkroomError` if they could not be shown, before anything is done.
  func previews(besides paths: [String]) throws -> PreviewShow? {
    var lock: RunLock?
    if let file = settings.preview {
      try Self.check(preview: file, besides: paths)
      lock = try settings.dryRun ? nil : RunLock.take(forFlag: "--preview", file)
    }
    let terminal = settings.previewTerminal ? try terminalGraphics("--preview-terminal") : nil
    guard settings.preview != nil || terminal != nil else { return nil }
    return PreviewShow(file: settings.preview, lock: lock, terminal: terminal, console: console)
  }

  /// Who tells of finished pictures.
  /// - Throws: `DarkroomError` if they cannot be shown as it is asked for, before anything is done.
  func pictureReport() throws -> PictureReport {
    PictureReport(
      console: console, json: settings.json, graphics: settings.show ? try terminalGraphics("--show") : nil)
  }

  /// - Parameter flag: that asks for pictures on the terminal.
  private func terminalGraphics(_ flag: String) throws -> TerminalGraphics {
    guard !settings.quiet else {
      throw DarkroomError(.request, "\(flag): shows nothing with --quiet; expected one of the two")
    }
    guard console.terminalSize != nil else {
      throw DarkroomError(
        .request,
        "\(flag): the error stream is no terminal that can show them; expected one"
          + (flag == "--show" ? "" : ", or --preview FILE"))
    }
    guard let graphics = TerminalGraphics(environment) else {
      throw DarkroomError(
        .request,
        "\(flag): this terminal is not known to show pictures or 24-bit colours; expected kitty, Ghostty, iTerm2, WezTerm, or COLORTERM=truecolor in the environment of one that has them"
      )
    }
    return graphics
  }

  private static func check(preview path: String, besides others: [String]) throws {
    do {
      try GeneratedPicture.checkEnding(of: path)
    } catch {
      throw DarkroomError(
        .request,
        "--preview: \(quoted(path)) is not possible; expected a name that ends in .png, .jpg, .jpeg or .webp")
    }
    func plain(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
    if others.contains(where: { plain($0) == plain(path) }) {
      throw DarkroomError(
        .request, "--preview: \(quoted(path)) is also the name of a picture; expected another name")
    }
    try OutputPlace.check(path, flag: "--preview")
  }
}

extension RunLock {
  /// - Returns: never nil.
  /// - Throws: `DarkroomError` of kind `busy` if another run has it.
  static func take(forFlag flag: String, _ file: String) throws -> RunLock {
    guard let lock = try DarkroomError.wrapping({ try take(for: file) }) else {
      throw DarkroomError(
        .busy, "\(flag): another run is at work on \(quoted(file)); wait for its end, or name another file")
    }
    return lock
  }
}
