import Darkroom
import Hub

/// Tells other servers that a job has ended, where the user lets requests name them (`--webhook-host`).
package struct Webhooks: Sendable {
  private let hosts: Set<String>
  /// Seconds before each try.
  private let pauses: [Double]

  package init(hosts: [String] = [], pauses: [Double] = [0, 2, 10]) {
    (self.hosts, self.pauses) = (Set(hosts.map { $0.lowercased() }), pauses)
  }

  /// - Throws: `Refusal` for an address that nothing may be posted to.
  func check(_ text: String?) throws {
    guard let text, !text.isEmpty else { return }
    func refuse(_ problem: String) -> Refusal { Refusal(.request, field: "webhook", problem) }
    guard let address = WebAddress(text) else { throw refuse("must be an address with http or https") }
    guard hosts.contains(address.host.name) else {
      throw refuse("must be empty; \(address.host.name) is no --webhook-host of this server")
    }
  }

  /// Returns when it has been taken, or after some tries.
  func post(_ notice: FieldValue, to text: String) async {
    let request = WebRequest(text, body: Array(notice.json.utf8), seconds: 10, most: 1 << 20) { _ in true }
    for pause in pauses {
      try? await Task.sleep(for: .seconds(pause))
      if let answer = try? await request.answered(), (200..<300).contains(answer.status) { return }
    }
  }
}
