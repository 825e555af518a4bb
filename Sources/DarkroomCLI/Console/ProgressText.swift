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
    parts += step(progress)
    if let seconds = progress.secondsPerStep, seconds.isFinite {
      parts.append("\(fixed(seconds, places: seconds < 10 ? 2 : 1)) s/step")
    }
    return (parts + left(progress)).joined(separator: ", ")
  }

  /// "step 12/25, 0:45 left": what a narrow terminal has room for.
  package static func short(_ progress: GenerationProgress) -> String {
    let step = step(progress)
    return ((step.isEmpty ? [progress.stage.rawValue] : step) + left(progress)).joined(separator: ", ")
  }

  private static func step(_ progress: GenerationProgress) -> [String] {
    progress.stage == .sampling ? ["step \(progress.step)/\(progress.steps)"] : []
  }

  private static func left(_ progress: GenerationProgress) -> [String] {
    progress.secondsLeft.map { ["\(clock($0)) left"] } ?? []
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
    console.status(
      prefix + ProgressText.line(progress) + suffix, short: ProgressText.short(progress), isNew: isNew)
  }

  func tell(_ notice: Notice) { console.notice(prefix + notice.description) }
}
