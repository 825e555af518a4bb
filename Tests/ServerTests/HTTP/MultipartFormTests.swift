import Foundation
import Server
import SystemFiles
import TestSupport
import Testing

@Suite struct MultipartFormTests {
  private func form(_ body: String, boundary: String = "b") throws -> MultipartForm {
    try MultipartForm(Array(body.utf8), boundary: boundary)
  }

  /// A form of one part with these lines before its content.
  private func form(header: String, content: String = "x") throws -> MultipartForm {
    try form("--b\r\n\(header)\r\n\r\n\(content)\r\n--b--\r\n")
  }

  @Test func partsInOrderWithTheirBytes() throws {
    let form = try form(
      """
      --b\r
      Content-Disposition: form-data; name="prompt"\r
      \r
      a cat\r
      --b\r
      content-disposition: form-data; name="image"; filename="in.png"\r
      Content-Type: image/png\r
      \r
      \u{1}\r
      --\r
      \r
      --b\r
      Content-Disposition: form-data; name="prompt"\r
      \r
      \r
      --b--\r

      """)
    #expect(form.parts.map(\.name) == ["prompt", "image", "prompt"])
    #expect(form.parts.map(\.filename) == [nil, "in.png", nil])
    #expect(try form.parts.map { try $0.text() } == ["a cat", "\u{1}\r\n--\r\n", ""])
  }

  @Test func emptyFilesAreNoParts() throws {
    for filename in ["none", "upload", ""] {
      let header = "Content-Disposition: form-data; name=\"none\"; filename=\"\(filename)\""
      #expect(try form(header: header, content: "").parts.isEmpty, "\(filename)")
      #expect(try form(header: header, content: "x").parts.count == 1, "\(filename)")
    }
    #expect(try form(header: "Content-Disposition: form-data; name=none", content: "").parts.count == 1)
  }

  @Test func textBeforeAndAfterTheParts() throws {
    let part = "Content-Disposition: form-data; name=a\r\n\r\n1\r\n"
    let form = try form("before\r\n--b \t\r\n\(part)--b--after\r\n--b\r\n")
    #expect(form.parts.map(\.name) == ["a"])
    #expect(try self.form("--b--").parts.isEmpty)
  }

  @Test(arguments: [
    (#"form-data; name="a b"; filename="c;d=\"e\".png""#, "a b", #"c;d="e".png"#),
    (#"form-data; NAME=a; filename="C:\\x\y.png""#, "a", #"C:\x\y.png"#),
    (#"Form-Data;name="é" ; filename="雨.png";"#, "é", "雨.png"),
    (#"form-data; name="a"; filename*=UTF-8''b.png"#, "a", nil),
    (#"form-data; name="""#, "", nil),
  ])
  func names(disposition: String, name: String, filename: String?) throws {
    let part = try #require(try form(header: "Content-Disposition: \(disposition)").parts.first)
    #expect(part.name == name && part.filename == filename)
  }

  @Test(arguments: [
    ("", "byte 0: expected the first boundary, --b, found the end"),
    ("--c\r\n", "byte 5: expected the first boundary, --b, found the end"),
    ("--b", "byte 3: expected -- or CR LF after a boundary"),
    ("--bx\r\n", "byte 3: expected -- or CR LF after a boundary"),
    ("--b\n", "byte 3: expected -- or CR LF after a boundary"),
    (
      "--b\r\n\r\nx\r\n--b--",
      "byte 5: expected content-disposition: form-data; name=\"…\" once in a part's header"
    ),
    ("--b\r\na: b\r\n", "byte 11: expected an empty line after a part's header, found the end"),
    (
      "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--",
      "byte 52: expected the boundary --b after a, found the end"
    ),
    (
      "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b",
      "byte 53: expected -- or CR LF after a boundary"
    ),
  ])
  func brokenForms(body: String, problem: String) {
    #expect {
      _ = try form(body)
    } throws: { "\($0)" == problem }
  }

  @Test(arguments: [
    ("Content-Disposition: form-data; name=a\nX: y", "byte 43: a control character (byte 10)"),
    ("Content-Disposition: form-data; name=a\r\n X: y", "byte 45: expected NAME: VALUE"),
    ("Content-Disposition: form-data; name=a\r\n: y", "byte 45: expected NAME: VALUE"),
    ("Content-Disposition: form-data; name=a\rX: y", "byte 43: a carriage return inside a line"),
    ("X: \0\r\nContent-Disposition: form-data; name=a", "byte 8: a control character (byte 0)"),
    ("Content-Disposition: form-data", "byte 5: expected content-disposition: form-data; name"),
    ("Content-Disposition: attachment; name=a", "byte 5: expected content-disposition: form-data; name"),
    (
      "Content-Disposition: form-data; name=a; name=b",
      "byte 5: expected content-disposition: form-data; name"
    ),
    ("Content-Disposition: form-data; name=\"a", "byte 5: expected content-disposition: form-data; name"),
    (
      "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
      "byte 45: expected content-disposition: form-data; name"
    ),
    (
      "Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=a",
      "byte 5: expected the part's bytes as they are, found content-transfer-encoding: base64"
    ),
  ])
  func brokenHeaders(header: String, problem: String) {
    #expect {
      _ = try form(header: header)
    } throws: { "\($0)".hasPrefix(problem) }
  }

  @Test func limits() throws {
    func parts(_ count: Int) -> String {
      String(repeating: "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n", count: count) + "--b--"
    }
    #expect(try form(parts(64)).parts.count == 64)
    #expect {
      _ = try form(parts(65))
    } throws: { "\($0)".hasSuffix("more than 64 parts") }

    func header(_ count: Int) -> String {
      let disposition = "Content-Disposition: form-data; name=a\r\nX: "
      return disposition + String(repeating: "x", count: count - disposition.utf8.count)
    }
    #expect(try form(header: header(8192)).parts.count == 1)
    #expect {
      _ = try form(header: header(8193))
    } throws: { "\($0)".contains("expected an empty line after a part's header, found none within") }
  }

  @Test(arguments: [
    ("multipart/form-data; boundary=abc", "abc"),
    (#"Multipart/Form-Data; charset=utf-8; Boundary="a b:c=?/""#, "a b:c=?/"),
    (
      "multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
      "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    ),
    ("multipart/form-data; boundary=" + String(repeating: "x", count: 70), String(repeating: "x", count: 70)),
    ("multipart/mixed; boundary=abc", nil),
    ("application/json", nil),
    ("", nil),
  ])
  func boundaries(contentType: String, boundary: String?) throws {
    #expect(try MultipartForm.boundary(of: contentType) == boundary)
  }

  @Test(arguments: [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
    "multipart/form-data; boundary=é", "multipart/form-data; boundary=\"a\r\n\"",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
  ])
  func boundariesThatAreNone(contentType: String) {
    #expect {
      _ = try MultipartForm.boundary(of: contentType)
    } throws: { ($0 as? HTTPRefusal)?.status == 400 }
  }

  /// What looks like boundaries for all but a byte, what looks like line ends, and what looks like headers.
  @Test(arguments: [
    "\r\n--" + String(repeating: "x", count: 69), "\r", "\r\n-", "\r\n--", "\r\r\n--xxx", "x",
  ])
  func timeIsProportionalToTheSize(filler: String) throws {
    let boundary = String(repeating: "x", count: 70)
    let head = "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n"
    let repeated = Array(filler.utf8)
    var body = Array(head.utf8)
    while body.count < 10 << 20 { body += repeated }
    let clock = ContinuousClock()
    let time = try clock.measure {
      #expect(throws: SyntaxError.self) { try MultipartForm(body, boundary: boundary) }
      let whole = body + Array("\r\n--\(boundary)--".utf8)
      let form = try MultipartForm(whole, boundary: boundary)
      #expect(form.parts.first?.content.count == body.count - head.utf8.count)
    }
    // A search that is quadratic takes hours.
    #expect(time < .seconds(10))
  }
}
