import Darkroom

/// How far the work has come, for people.
package enum ProgressText {
  /// "sampling, picture 2 of 4, step 12/25, 1.32 s/step, 0:45 left".
  package static func line(_ progress: GenerationProgress) -> String {
    var parts = [progress.stage.rawValue]
    if progress.pictures > 1 {
      let first = min(progress.finishedPictures + 1, progress.pictures)
      let last = min(progress.finishedPictures + max(progress.batch, 1), progress.pictures)
      parts.append(
        first == last
          ? "picture \(first) of \(progress.pictures)" : "pictures \(first)-\(last) of \(progress.pictures)")
    }
    if progress.stage == .sampling { parts.append("step \(progress.step)/\(progress.steps)") }
    if let seconds = progress.secondsPerStep, seconds.isFinite {
      parts.append("\(fixed(seconds, places: seconds < 10 ? 2 : 1)) s/step")
    }
    if let seconds = progress.secondsLeft { parts.append("\(clock(seconds)) left") }
    return parts.joined(separator: ", ")
  }
}

/// Shows the progress of one request after the other, and what the engine tells beside it.
struct ProgressReport: Sendable {
  let console: Console
  /// Stands before every line, as "row 3 of 300, " does.
  var prefix = ""

  /// - Parameter suffix: stands behind the line.
  func show(_ progress: GenerationProgress, suffix: String = "") {
    let isNew = progress.stage != .sampling || progress.step == 0
    console.status(prefix + ProgressText.line(progress) + suffix, isNew: isNew)
  }

  func tell(_ notice: Notice) { console.notice(prefix + notice.description) }
}
