import Dispatch

/// Threads of the server's own: its tasks do not wait for what else the process does on the shared ones, of which there
/// are as many as cores.
package final class ServerExecutor: TaskExecutor {
  package static let shared = ServerExecutor()

  private let queue = DispatchQueue(label: "darkroom.server", qos: .userInitiated, attributes: .concurrent)

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
