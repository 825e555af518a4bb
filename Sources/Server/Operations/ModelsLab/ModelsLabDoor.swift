import Darkroom
import Synchronization

/// The jobs of ModelsLab's API by their numbers, and how it is set up.
package final class ModelsLabDoor: Sendable {
  /// How long an answer waits for its pictures.
  let holdTime: Duration
  let webhooks: Webhooks
  /// The oldest first.
  private let jobs = Mutex<[ModelsLabJob]>([])
  private static let most = 1024

  package init(holdTime: Duration = .seconds(300), webhooks: Webhooks = Webhooks()) {
    (self.holdTime, self.webhooks) = (holdTime, webhooks)
  }

  func job(_ id: Int) -> ModelsLabJob? { jobs.withLock { $0.first { $0.id == id } } }

  /// Follows a job to its end, whether its client waits or not.
  func begin(_ submission: Submission, _ visit: Visit) -> ModelsLabJob {
    let job = ModelsLabJob(submission, visit)
    jobs.withLock { jobs in
      if jobs.count == Self.most { jobs.removeFirst() }
      jobs.append(job)
    }
    Task(executorPreference: ServerExecutor.shared) { [webhooks] in
      await job.follow(submission, visit.premises.links)
      if let address = visit.arguments.text("webhook"), !address.isEmpty {
        await webhooks.post(job.notice(visit), to: address)
      }
    }
    return job
  }
}
