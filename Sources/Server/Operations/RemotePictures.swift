import Darkroom
import Hub

/// Pictures at addresses of other servers, where the user lets requests name them (`--allow-fetch`).
package struct RemotePictures: Sendable {
  /// Hosts that may be of this machine or its networks, and need no encryption.
  private let trusted: Set<String>
  private static let most = 4
  private let places = Places(most)

  package init(trusted: [String] = []) { self.trusted = Set(trusted.map { $0.lowercased() }) }

  /// - Throws: `Refusal` that names the parameter and the reason.
  func bytes(at text: String, _ parameter: String) async throws -> [UInt8] {
    func refuse(_ problem: String) -> Refusal { Refusal(.request, field: parameter, problem) }
    guard let address = WebAddress(text) else {
      throw refuse("\(text.prefix(200)) is no address of a picture")
    }
    let isTrusted = trusted.contains(address.host.name)
    guard isTrusted || address.scheme == "https" else {
      throw refuse("must be an address with https; \(address.host.name) is no --fetch-host")
    }
    guard places.take() else {
      throw Refusal(
        .tooMany, field: parameter, "\(Self.most) pictures are being fetched already", retryAfter: 5)
    }
    defer { places.giveBack() }
    let (status, bytes): (Int, [UInt8])
    do {
      (status, bytes) = try await WebRequest(text) { isTrusted || SocketAddress.isPublic($0) }.answered()
    } catch {
      throw refuse("\(text.prefix(200)) cannot be fetched: \(error)")
    }
    guard status == 200 else {
      let hint = (300..<400).contains(status) ? ", and redirections are not followed" : ""
      throw refuse("\(text.prefix(200)) answers with status \(status)\(hint)")
    }
    guard Self.isPicture(bytes) else {
      throw refuse("\(text.prefix(200)) is no PNG, JPEG or WebP picture")
    }
    return bytes
  }

  private static func isPicture(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) || bytes.starts(with: [0xFF, 0xD8, 0xFF])
      || (bytes.starts(with: Array("RIFF".utf8)) && bytes.dropFirst(8).starts(with: Array("WEBP".utf8)))
  }
}
