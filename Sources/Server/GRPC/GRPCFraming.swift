/// What gRPC puts around messages (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md), the same on HTTP/2 and in gRPC-web.
package enum GRPCFraming {
  package static let mostIn = 64 << 20
  /// Clients refuse longer ones.
  package static let mostOut = 10 << 20
  static let prefixCount = 5
  /// What every answer says: messages are not compressed, in either direction.
  static let encodings = (name: "grpc-accept-encoding", value: "identity")

  /// The type of a body in small letters, without parameters; empty if there is none.
  static func mediaType(_ headers: HTTPHeaders) -> String {
    (headers["content-type"] ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
  }

  /// A message behind its prefix.
  package static func frame(_ message: [UInt8], flags: UInt8 = 0) -> [UInt8] {
    let count = UInt32(message.count)
    return [flags] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + message
  }

  /// How many bytes the message at the start of a body has; nil while the prefix is not complete.
  package static func messageCount(_ body: [UInt8]) throws(GRPCFailure) -> Int? {
    guard body.count >= prefixCount else { return nil }
    let count = body[1..<prefixCount].reduce(0) { $0 << 8 | Int($1) }
    switch body[0] {
    case 0: break
    case 1: throw GRPCFailure(.unimplemented, "the message is compressed; this server reads only identity")
    default: throw GRPCFailure(.invalidArgument, "\(body[0]) is no flag of a message: expected 0 or 1")
    }
    guard count <= mostIn else {
      throw GRPCFailure(.resourceExhausted, "the message has \(count) bytes, more than \(mostIn)")
    }
    return count
  }

  /// The one message of a complete body.
  package static func message(_ body: [UInt8]) throws(GRPCFailure) -> [UInt8] {
    guard let count = try messageCount(body) else {
      throw GRPCFailure(
        .invalidArgument, "the body has \(body.count) bytes: expected the \(prefixCount) of a prefix")
    }
    guard body.count == prefixCount + count else {
      throw GRPCFailure(
        .invalidArgument, "\(body.count - prefixCount) bytes follow a prefix that says \(count)")
    }
    return Array(body[prefixCount...])
  }

  /// What `grpc-timeout` says: at most eight digits and a unit.
  /// - Returns: nil without a time-out, and for one that is longer than any call.
  package static func timeout(_ text: String?) throws(GRPCFailure) -> Duration? {
    guard let text else { return nil }
    let units: [Character: Duration] = [
      "H": .seconds(3600), "M": .seconds(60), "S": .seconds(1),
      "m": .milliseconds(1), "u": .microseconds(1), "n": .nanoseconds(1),
    ]
    let digits = text.dropLast()
    guard let unit = text.last.flatMap({ units[$0] }), 1...8 ~= digits.utf8.count,
      digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let count = Int(digits)
    else {
      throw GRPCFailure(
        .invalidArgument, "grpc-timeout: expected up to 8 digits and one of H, M, S, m, u, n, as in 30S")
    }
    let duration = unit * count
    return duration < .seconds(86_400) ? duration : nil
  }

  /// The header fields that end a call. Without a failure it went well.
  package static func trailers(_ failure: GRPCFailure?) -> [(name: String, value: String)] {
    guard let failure else { return [("grpc-status", "0")] }
    return [
      ("grpc-status", String(failure.code.rawValue)), ("grpc-message", percentEncoded(failure.message)),
    ]
  }

  /// A message as a header field may carry it. A very long one is cut, since clients bound their header lists.
  package static func percentEncoded(_ message: String) -> String {
    message.prefix(1000).utf8.reduce(into: "") { text, byte in
      if 0x20...0x7E ~= byte && byte != UInt8(ascii: "%") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
  }
}
