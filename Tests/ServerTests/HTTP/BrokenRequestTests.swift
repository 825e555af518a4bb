import Darkroom
import Foundation
import Server
import TestSupport
import Testing

/// Requests that are changed at random are read or refused, and never trap; what is read means what it says.
@Suite struct BrokenRequestTests {
  /// A request as libmicrohttpd hands it over.
  private struct Received {
    var method = ""
    var target = ""
    var headers = HTTPHeaders()
    var body: [UInt8] = []

    init(_ bytes: [UInt8]) {
      let end = Data(bytes).firstRange(of: Data("\r\n\r\n".utf8))
      let head = String(decoding: bytes[..<(end?.lowerBound ?? bytes.count)], as: UTF8.self)
      body = Array(bytes[(end?.upperBound ?? bytes.count)...])
      var lines = head.components(separatedBy: "\r\n")
      let line = lines.removeFirst().components(separatedBy: " ")
      method = line[0]
      target = line.dropFirst().dropLast().joined(separator: " ")
      for line in lines {
        let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        headers.add(String(pair[0]), pair.count > 1 ? pair[1].trimmingCharacters(in: .whitespaces) : "")
      }
    }
  }

  /// What happened to a request, all that could be read checked.
  private func outcome(_ bytes: [UInt8]) throws -> (isRefused: Bool, parts: Int, isJSON: Bool) {
    let request = Received(bytes)
    var isRefused =
      HeaderRules.refusal(method: request.method, target: request.target, headers: request.headers) != nil
    isRefused = try Origins().refusal(of: request.headers) != nil || isRefused
    _ = Accept.choice(of: ["image/png", "application/json"], for: request.headers)
    let sent = request.target.prefix { $0 != "?" }
    if let path = try? TidyPath.path(String(sent)) {
      // By bytes: a mark that joins a slash makes another letter of it.
      #expect(path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0))
      #expect(Data(path.utf8).firstRange(of: Data("/../".utf8)) == nil)
    } else {
      isRefused = true
    }
    let type = request.headers["content-type"]
    guard let boundary = try? MultipartForm.boundary(of: type) else {
      return (isRefused, 0, try isJSON(request.body))
    }
    guard let form = try? MultipartForm(request.body, boundary: boundary) else {
      return (isRefused, 0, false)
    }
    try checkParts(form, of: request.body, boundary: boundary)
    return (isRefused, form.parts.count, false)
  }

  /// No part contains a boundary, and parts are disjoint and in order.
  private func checkParts(_ form: MultipartForm, of body: [UInt8], boundary: String) throws {
    let delimiter = Data("\r\n--\(boundary)".utf8)
    var end = 0
    for part in form.parts {
      #expect(part.content.startIndex > end && part.content.endIndex < body.count)
      #expect(body[part.content.endIndex...].starts(with: delimiter))
      #expect(Data(part.content).firstRange(of: delimiter) == nil)
      end = part.content.endIndex
    }
  }

  /// Foundation reads the same in every text that is taken; so it does in base64.
  private func isJSON(_ body: [UInt8]) throws -> Bool {
    guard let value = try? StrictJSON.value(body) else { return false }
    let expected = try JSONDecoder().decode(FieldValue.self, from: Data(body))
    #expect(value == expected, "\(String(decoding: body, as: UTF8.self))")
    if case .object(let fields) = value, case .list(let pictures) = fields["init_images"],
      case .text(let text) = pictures.first, let base64 = try? StrictBase64(text)
    {
      let decoded = base64.decoded
      #expect(decoded.count == base64.size)
      #expect(text.hasSuffix(Data(decoded).base64EncodedString()))
    }
    return true
  }

  @Test func wholeRequestsAreRead() throws {
    let outcomes = try ClientRequests().all.map(outcome)
    #expect(outcomes.map(\.isRefused) == Array(repeating: false, count: 10))
    #expect(outcomes.map(\.parts) == [3, 3, 5, 2, 2, 0, 0, 0, 0, 0])
    #expect(outcomes.map(\.isJSON) == [false, false, false, false, false, true, true, true, true, false])
  }

  @Test(arguments: try ClientRequests().all)
  func requestsChangedAtRandom(request: [UInt8]) throws {
    var mutations = Mutations()
    for _ in 0..<Mutations.count(usual: 500) { _ = try outcome(mutations.broken(request)) }
  }

  /// Most changes of a whole request meet its head or its picture: forms and base64 by themselves break elsewhere.
  @Test func bodiesChangedAtRandom() throws {
    let texts: [String] = [
      "{\"init_images\": [\"data:image/png;base64,AAECAwQFBgcICQ==\"]}", "{\"init_images\": [\"AAEC\"]}",
      "[{\"text\": \"\\u00e9\\n\", \"weight\": -1.5e-3}, true, false, null, {}, [], 18446744073709551615]",
    ]
    let disposition = "Content-Disposition: form-data; name=\"a\"; filename=\"b.png\""
    let form =
      "--b\r\n\(disposition)\r\n\r\n\r\n--\r\n\r\n--b\r\nContent-Type: a/b\r\n\(disposition)\r\n\r\nx\r\n--b--\r\n"
    var mutations = Mutations()
    for _ in 0..<Mutations.count(usual: 4000) {
      _ = try isJSON(mutations.broken(Array(mutations.any(of: texts).utf8)))
      let body = mutations.broken(Array(form.utf8))
      if let form = try? MultipartForm(body, boundary: "b") { try checkParts(form, of: body, boundary: "b") }
    }
  }

  @Test func requestsCutOffAnywhere() throws {
    for request in try ClientRequests().all {
      for length in stride(from: 0, to: request.count - 2, by: 7) {
        let (_, parts, _) = try outcome(Array(request.prefix(length)))
        #expect(parts == 0, "\(length) of \(request.count) bytes")
      }
    }
  }
}
