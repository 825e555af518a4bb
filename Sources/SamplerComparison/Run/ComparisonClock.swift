import SystemFiles

/// Counts network calls to say how long a comparison will take.
struct ComparisonClock {
  private let pictures: Int
  private var finished = 0
  private var calls = 0
  private var done = 0
  private var started: ContinuousClock.Instant?

  init(pictures: Int) { self.pictures = pictures }

  /// - Parameters:
  ///   - finished: pictures of earlier runs.
  ///   - calls: network calls that this run will take.
  mutating func begin(finished: Int, calls: Int) { (self.finished, self.calls) = (finished, calls) }

  /// The first time, starts to measure: when the model is loaded, which would make the first calls look slow.
  mutating func start() { started = started ?? .now }

  mutating func finishedCalls(_ count: Int) { done += count }
  mutating func finishedPicture() { finished += 1 }

  /// - Parameter current: calls of what is being made.
  func shown(_ label: String, done current: Int) -> ComparisonProgress {
    let all = min(done + current, calls)
    let elapsed = started.map { (.now - $0).seconds }
    return ComparisonProgress(
      label: label, finished: finished, pictures: pictures,
      fraction: calls > 0 ? Double(all) / Double(calls) : 1,
      secondsLeft: all > 0 ? elapsed.map { $0 / Double(all) * Double(calls - all) } : nil)
  }
}
