import CMicrohttpd
import Glibc

/// A thread of its own, for a loop that waits for the system.
package struct Thread {
  private let name: String
  private let body: @Sendable () -> Void

  package init(name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }

  package func start() {
    let box = Unmanaged.passRetained(Box(name, body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
        http_name_thread(box.name)
        box.body()
        return nil
      }, box.toOpaque())
    precondition(status == 0, "no thread for \(name)")
    pthread_detach(thread)
  }

  private final class Box {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
  }
}
