import SystemFiles

/// Times sampling steps and tells the caller how far the job is, and what the pictures look like if that is wanted.
/// Reporting without previews allocates nothing itself.
package final class ProgressTracker {
  /// What is known of one pass. Steps count once a picture.
  private struct PassState {
    /// Of the whole job.
    let steps: Int
    /// Of one picture, in the passes before.
    let before: Int
    /// How long a step takes, compared with those of the other passes.
    let weight: Double
    var done = 0
    /// When the pictures at work began it.
    var doneBefore = 0
    var seconds = 0.0

    var secondsPerStep: Double? { done > 0 ? seconds / Double(done) : nil }
  }

  private let report: (GenerationProgress) -> Void
  let preview: Previewer?
  private let clock = ContinuousClock()
  private var now: GenerationProgress
  private var passes: [PassState] = []
  /// The index of the pass at work.
  private var current = 0
  private var last: ContinuousClock.Instant

  package init(
    _ job: Job, preview: Previewer? = nil, _ report: @escaping (GenerationProgress) -> Void = { _ in }
  ) {
    self.preview = preview
    self.report = report
    var before = 0
    for pass in job.passes {
      let pixels = Double(pass.width) * Double(pass.height)
      passes.append(PassState(steps: pass.count * job.request.count, before: before, weight: pixels))
      before += pass.count
    }
    now = GenerationProgress(stage: .loading, pictures: job.request.count, steps: before)
    last = clock.now
  }

  /// Some pictures begin a pass.
  func start(_ pass: Pass, batch: Int, finished: Int) {
    current = pass.index
    passes[current].doneBefore = passes[current].done
    now.batch = batch
    now.step = passes[current].before
    enter(.loading, finished: finished)
  }

  /// The pictures at work begin their pass anew.
  func beginAgain() { passes[current].done = passes[current].doneBefore }

  var stage: GenerationProgress.Stage { now.stage }

  func enter(_ stage: GenerationProgress.Stage, finished: Int? = nil) {
    now.stage = stage
    if let finished { now.finishedPictures = finished }
    last = clock.now
    report(now)
  }

  /// - Parameter step: from 0, of the pass at work.
  func finishedStep(_ step: Int) {
    passes[current].seconds += (clock.now - last).seconds
    // Not every sampler takes the list's steps one by one.
    passes[current].done = passes[current].doneBefore + (step + 1) * now.batch
    last = clock.now
    now.step = passes[current].before + step + 1
    now.secondsPerStep = passes[current].secondsPerStep.map { $0 * Double(now.batch) }
    now.fraction = total { Double($0.done) * $0.weight } / total { Double($0.steps) * $0.weight }
    now.secondsLeft = total { Double($0.steps - $0.done) * secondsPerStep(of: $0) }
    report(now)
    preview?.tell(now)
  }

  /// Measured, or guessed from the pass at work.
  private func secondsPerStep(of pass: PassState) -> Double {
    let known = passes[current]
    return pass.secondsPerStep ?? (known.secondsPerStep ?? 0) * pass.weight / known.weight
  }

  private func total(_ part: (PassState) -> Double) -> Double {
    var sum = 0.0
    for pass in passes { sum += part(pass) }
    return sum
  }
}
