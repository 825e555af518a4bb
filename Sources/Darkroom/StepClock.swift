/// Times sampling steps and tells the caller how far the job is. Reporting allocates nothing itself.
package final class StepClock {
  private let report: (GenerationProgress) -> Void
  private let clock = ContinuousClock()
  private let stepsOfJob: Int
  private var now: GenerationProgress
  private var stepsDone = 0
  private var samplingSeconds = 0.0
  private var last: ContinuousClock.Instant

  package init(_ job: Job, _ report: @escaping (GenerationProgress) -> Void = { _ in }) {
    self.report = report
    stepsOfJob = job.request.steps * job.request.count
    now = GenerationProgress(stage: .loading, pictures: job.request.count, steps: job.request.steps)
    last = clock.now
  }

  func start(batch: Int, finished: Int) {
    now.batch = batch
    now.step = 0
    enter(.loading, finished: finished)
  }

  func enter(_ stage: GenerationProgress.Stage, finished: Int? = nil) {
    now.stage = stage
    if let finished { now.finishedPictures = finished }
    last = clock.now
    report(now)
  }

  func finishedStep(_ step: Int) {
    let (seconds, attoseconds) = (clock.now - last).components
    samplingSeconds += Double(seconds) + Double(attoseconds) * 1e-18
    last = clock.now
    now.step = step + 1
    stepsDone += now.batch
    now.secondsPerStep = samplingSeconds / Double(stepsDone) * Double(now.batch)
    now.secondsLeft = samplingSeconds / Double(stepsDone) * Double(stepsOfJob - stepsDone)
    report(now)
  }
}
