import Darkroom
import Synchronization
import SystemFiles

/// Counts what a server does, for `/metrics`.
package final class Meter: Sendable {
  package struct Figures: Sendable {
    package struct Answer: Sendable, Hashable {
      /// `http` or `grpc`, which have statuses of their own.
      package let name: String
      package let status: Int
    }

    package var answers: [Answer: Int] = [:]
    /// Seconds of all answers together.
    package var answerSeconds = 0.0
    package var pictures = 0
    package var jobs = 0
    package var failedJobs = 0
    /// Seconds of engines at work, and the work in units of an order's cost.
    package var seconds = 0.0
    package var cost = 0.0
    package var steps = 0
    package var filtered = 0
    package var modelSwitches = 0
    package var switchSeconds = 0.0
  }

  private let state = Mutex(Figures())

  package init() {}

  package var figures: Figures { state.withLock { $0 } }

  func answered(_ status: Int, by name: String, in time: Duration) {
    state.withLock { figures in
      figures.answers[Figures.Answer(name: name, status: status), default: 0] += 1
      figures.answerSeconds += time.seconds
    }
  }

  func finished(_ order: Order, in time: Duration, failed: Bool) {
    state.withLock { figures in
      figures.jobs += 1
      figures.seconds += time.seconds
      guard !failed else { return figures.failedJobs += 1 }
      figures.pictures += order.pictures
      figures.cost += order.cost
      figures.steps += order.steps
    }
  }

  /// Another model than before was made ready.
  func switched(in time: Duration) {
    state.withLock { figures in
      figures.modelSwitches += 1
      figures.switchSeconds += time.seconds
    }
  }

  func filtered() { state.withLock { $0.filtered += 1 } }

  package var secondsPerJob: Double? {
    state.withLock { $0.jobs > 0 ? $0.seconds / Double($0.jobs) : nil }
  }

  /// About how long so much work takes; nil while nothing was drawn.
  package func seconds(for cost: Double) -> Double? {
    state.withLock { $0.cost > 0 ? $0.seconds / $0.cost * cost : nil }
  }
}
