import Foundation

/// Files under `Tests/Fixtures`, each beside the script that makes it.
package enum Fixtures {
  package static let directory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

  package static func url(_ path: String) -> URL { directory.appendingPathComponent(path) }

  package static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
