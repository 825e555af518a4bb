import CTLS
import Darkroom
import FoundationEssentials
import Glibc
import SystemFiles

/// The keys that open a server, from a file.
package struct KeyRing: Sendable {
  package enum Verdict: Equatable, Sendable {
    /// The request has no key.
    case missing
    case wrong
    /// - Parameter holder: a name for whoever has this key, from which the key cannot be found.
    case right(holder: String)
  }

  /// SHA-256 of each key: of one length, as a comparison in constant time needs.
  private let digests: [[UInt8]]

  /// - Parameter path: a file with one key a line, each of letters, digits and signs of ASCII; lines that are empty or
  ///   begin with # are none.
  /// - Throws: `DarkroomError` of kind `request` that names the file and the line, also if all users may read the file.
  package init(file path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw DarkroomError(.request, field: path, "cannot be read: \(systemReason())")
    }
    guard status.st_mode & 0o007 == 0 else {
      throw DarkroomError(
        .request, field: path, help: "chmod 600 \(path)",
        "holds API keys, and every user of this machine may read or change it")
    }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw DarkroomError(.request, field: path, "cannot be read")
    }
    do {
      try self.init([UInt8](data))
    } catch let error as DarkroomError {
      throw error.at(path)
    }
  }

  /// - Throws: `DarkroomError` of kind `request` for what is no key.
  package init(keys: [String]) throws { try self.init(Array(keys.joined(separator: "\n").utf8)) }

  private init(_ text: [UInt8]) throws {
    var digests: [[UInt8]] = []
    for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let key = ParameterizedValue.trimmed(
        Substring(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self).unicodeScalars)
      if key.isEmpty || key.hasPrefix("#") { continue }
      guard key.utf8.allSatisfy({ 0x21..<0x7F ~= $0 }) else {
        throw DarkroomError(
          .request, field: "line \(index + 1)", expected: "letters, digits and signs of ASCII without spaces",
          "is no key")
      }
      digests.append(Self.digest(key))
    }
    guard !digests.isEmpty else { throw DarkroomError(.request, expected: "one a line", "holds no key") }
    self.digests = digests
  }

  /// - Parameter authorization: that header's value: a key by itself or after `Bearer`, or after `Basic` a user and a
  ///   password, of which the last that is not empty is the key.
  package func verdict(_ authorization: String?) -> Verdict {
    var key = ParameterizedValue.trimmed(Substring(authorization ?? "").unicodeScalars)
    let scheme = key.prefix { $0 != " " }
    if ["bearer", "basic"].contains(scheme.lowercased()) {
      key = ParameterizedValue.trimmed(key[scheme.endIndex...].unicodeScalars)
    }
    if scheme.lowercased() == "basic" { key = Self.key(ofBasic: key) }
    guard !key.isEmpty else { return .missing }
    let digest = Self.digest(key)
    // All are compared, so that the time says nothing of which one is right.
    let isRight = digests.reduce(false) { CRYPTO_memcmp($1, digest, digest.count) == 0 || $0 }
    return isRight ? .right(holder: Self.name(digest)) : .wrong
  }

  /// - Parameter credentials: `user:password` in base64 (RFC 7617); what is none is a wrong key.
  private static func key(ofBasic credentials: String) -> String {
    guard let data = Data(base64Encoded: credentials),
      let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
    else { return credentials }
    let password = text[text.index(after: colon)...]
    return String(password.isEmpty ? text[..<colon] : password)
  }

  private static func digest(_ key: String) -> [UInt8] { SHA256Digest.bytes(of: Array(key.utf8)) }

  private static func name(_ digest: [UInt8]) -> String {
    "key-" + SHA256Digest.digits(digest.prefix(4))
  }
}
