import Darkroom
import Synchronization
import SystemFiles

/// Counts what a server does.
package final class Meter: Sendable {
  package struct Figures: Sendable {
    /// By API and status.
    package var requests: [String: Int] = [:]
    package var pictures = 0
    package var jobs = 0
    package var seconds = 0.0
    package var cost = 0.0
  }

  private let state = Mutex(Figures())

  package init() {}

  package var figures: Figures { state.withLock { $0 } }

  func finished(_ order: Order, in time: Duration) {
    state.withLock { figures in
      figures.jobs += 1
      figures.pictures += order.pictures
      figures.seconds += time.seconds
      figures.cost += order.cost
    }
  }
}
