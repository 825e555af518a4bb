import CTLS
import FoundationEssentials

/// The request that makes a connection a WebSocket, and its answer (RFC 6455, 4.2).
package enum WebSocketHandshake {
  /// - Parameter serve: has the socket until it returns.
  /// - Throws: `Refusal` for a request that asks for no WebSocket.
  package static func answer(
    _ request: HTTPRequest, _ serve: @escaping @Sendable (WebSocket) async -> Void
  ) throws -> HTTPResponse {
    guard request.method == "GET", has("websocket", in: "upgrade", request.headers),
      has("upgrade", in: "connection", request.headers)
    else { throw Refusal(.request, field: "upgrade", "must be websocket, with connection: upgrade") }
    guard request.headers.values("sec-websocket-version") == ["13"] else {
      return HTTPResponse(426, headers: ["sec-websocket-version": "13"])
    }
    let keys = request.headers.values("sec-websocket-key")
    guard keys.count == 1, let key = try? StrictBase64(keys[0]), key.size == 16, !keys[0].contains(":") else {
      throw Refusal(.request, field: "sec-websocket-key", "must be 16 bytes in base64")
    }
    let headers: HTTPHeaders = ["upgrade": "websocket", "sec-websocket-accept": acceptance(of: keys[0])]
    return HTTPResponse(101, headers: headers, body: .socket(serve))
  }

  /// What shows the client that its key was read.
  package static func acceptance(of key: String) -> String {
    let text = Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
    let code = EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
    precondition(code == 1, "libcrypto computes SHA-1")
    return Data(digest).base64EncodedString()
  }

  private static func has(_ token: String, in name: String, _ headers: HTTPHeaders) -> Bool {
    headers.values(name).flatMap { $0.lowercased().split(separator: ",") }
      .contains { ParameterizedValue.trimmed($0.unicodeScalars) == token }
  }
}
