/// What a request's first line and headers must be before anything is made of them: libmicrohttpd takes more, and two
/// programs that read a request differently can be made to see two requests in it.
package enum HeaderRules {
  static let longestLine = 8192
  static let mostHeaders = 100
  static let longestHeaders = 16384

  /// Nil if all is well.
  /// - Parameters:
  ///   - target: path and query as they were sent.
  ///   - headers: as they were sent, in order.
  package static func refusal(method: String, target: String, headers: HTTPHeaders) -> HTTPRefusal? {
    // With two spaces and HTTP/1.1.
    guard method.utf8.count + target.utf8.count + 10 <= longestLine else {
      return HTTPRefusal(414, "the request line has more than \(longestLine) bytes")
    }
    guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
      return HTTPRefusal(400, "the method is none")
    }
    guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      return HTTPRefusal(400, "a space or control character in the request line")
    }
    return sizes(headers) ?? headers.fields.lazy.compactMap(syntax).first ?? host(headers) ?? framing(headers)
  }

  /// A letter of a token (RFC 9110, 5.6.2), as names of headers and methods are.
  static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func sizes(_ headers: HTTPHeaders) -> HTTPRefusal? {
    guard headers.fields.count <= mostHeaders else {
      return HTTPRefusal(431, "\(headers.fields.count) headers; at most \(mostHeaders) are allowed")
    }
    // With a colon, a space and the line's end.
    let size = headers.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    guard size <= longestHeaders else {
      return HTTPRefusal(431, "the headers have \(size) bytes; at most \(longestHeaders) are allowed")
    }
    return nil
  }

  private static func syntax(_ field: (name: String, value: String)) -> HTTPRefusal? {
    guard !field.name.isEmpty, field.name.utf8.allSatisfy(isTokenByte) else {
      return HTTPRefusal(400, "a header whose name is none")
    }
    guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
      return HTTPRefusal(400, "\(field.name): a control character or a second line")
    }
    return nil
  }

  private static func host(_ headers: HTTPHeaders) -> HTTPRefusal? {
    let count = headers.values("host").count
    return count == 1 ? nil : HTTPRefusal(400, "host: expected one, found \(count)")
  }

  /// How long the body is must be said once and in one way (RFC 9112, 6.3).
  private static func framing(_ headers: HTTPHeaders) -> HTTPRefusal? {
    let lengths = headers.values("content-length")
    let encodings = headers.values("transfer-encoding")
    guard lengths.count <= 1 else {
      return HTTPRefusal(400, "content-length: expected one, found \(lengths.count)")
    }
    if let length = lengths.first {
      guard encodings.isEmpty else {
        return HTTPRefusal(400, "content-length: not possible with transfer-encoding")
      }
      guard !length.isEmpty, length.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
        Int(length) != nil
      else {
        return HTTPRefusal(400, "content-length: expected a number of bytes")
      }
    }
    guard encodings.isEmpty || encodings.count == 1 && encodings[0].lowercased() == "chunked" else {
      return HTTPRefusal(400, "transfer-encoding: expected chunked, once")
    }
    return nil
  }
}
