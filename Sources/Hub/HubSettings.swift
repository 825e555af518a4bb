import FoundationEssentials
import Glibc

/// What the environment says about the Hub, by the names that huggingface_hub reads.
package struct HubSettings: Sendable {
  /// `HF_ENDPOINT`: where the Hub is, without a slash at the end.
  package var endpoint: Address
  /// The folder of the cache; it need not exist.
  package var cache: String
  /// Sent to the endpoint and nowhere else.
  package var token: String?
  /// `HF_HUB_OFFLINE`: nothing is fetched.
  package var isOffline: Bool
  package var userAgent = "darkroom"
  /// `SSL_CERT_FILE`: certificates to trust instead of the system's.
  package var certificates: String?
  /// Seconds to wait before trying again, as long as nothing arrives between two tries.
  package var retryDelays = [0.5, 1, 2, 4, 8]
  /// Bytes that can still be written to a folder; nil if the system does not tell.
  package var freeSpace: @Sendable (_ folder: String) -> Int? = { Files.freeSpace($0) }

  /// Makes a symbolic link, as the system's function does.
  package var makeLink: @Sendable (_ target: String, _ path: String) -> Int32 = { symlink($0, $1) }

  /// - Throws: `HubError` of kind `usage` naming the variable.
  package init(_ environment: [String: String]) throws {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    func path(_ names: String...) -> String? {
      names.lazy.compactMap { value($0) }.first.map { path in
        // As a shell does, since settings of services and editors know no shell.
        Self.expanded(
          path.replacing(#/\$(?:(\w+)|\{(\w+)\})/#) { match in
            environment[String(match.1 ?? match.2 ?? "")] ?? String(match.0)
          }, home: environment["HOME"])
      }
    }
    let address = value("HF_ENDPOINT") ?? "https://huggingface.co"
    guard let endpoint = Address(address), !address.contains("?"), !address.contains("#") else {
      throw HubError(
        .usage, "HF_ENDPOINT: '\(shortened(address))' is not possible; expected an address like https://host")
    }
    self.endpoint = endpoint.withoutFinalSlash
    let home =
      path("HF_HOME")
      ?? (path("XDG_CACHE_HOME") ?? Self.expanded("~/.cache", home: environment["HOME"])) + "/huggingface"
    cache = path("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
    isOffline = ["1", "ON", "YES", "TRUE"].contains(value("HF_HUB_OFFLINE")?.uppercased())
    certificates = path("SSL_CERT_FILE")
    let inFile = try? String(contentsOfFile: path("HF_TOKEN_PATH") ?? home + "/token", encoding: .utf8)
    let found = value("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") ?? inFile
    let token = (found ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard token.utf8.count <= 4096, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw HubError(.usage, "the access token (HF_TOKEN, or the file of HF_TOKEN_PATH) is no single word")
    }
    self.token = token.isEmpty ? nil : token
  }

  private static func expanded(_ path: String, home: String?) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return (home.flatMap { $0.isEmpty ? nil : $0 } ?? FileManager.default.homeDirectoryForCurrentUser.path)
      + path.dropFirst()
  }
}
