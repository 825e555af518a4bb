import Glibc
import SystemFiles

/// A body of the type multipart/form-data (RFC 7578), whole in memory.
package struct MultipartForm: Sendable {
  package struct Part: Sendable, Equatable {
    package let name: String
    /// As the client calls the file; never a path here. Nil for a part that is no file.
    package let filename: String?
    /// A slice of the body, whose indices are those of the body.
    package let content: ArraySlice<UInt8>

    /// The content as text.
    package func text() throws(SyntaxError) -> String {
      guard let text = String(validating: content, as: UTF8.self) else {
        throw SyntaxError(at: content.startIndex, "\(name): is not UTF-8")
      }
      return text
    }
  }

  /// In the body's order, names that come twice included. A file that is empty is no part: browsers and scripts send
  /// one where no file was chosen.
  package private(set) var parts: [Part] = []

  static let mostParts = 64
  static let longestHeader = 8192
  private static let lineEnd = Array("\r\n".utf8)

  /// - Parameter boundary: as `boundary(of:)` finds it.
  /// - Throws: an error that names the body's byte and what was expected there.
  package init(_ body: [UInt8], boundary: String) throws(SyntaxError) {
    let delimiter = Self.lineEnd + Array("--\(boundary)".utf8)
    var reader = Reader(body: body)
    if body.starts(with: delimiter.dropFirst(2)) {
      reader.position = delimiter.count - 2
    } else {
      _ = try reader.skip(past: delimiter, "the first boundary, --\(boundary)")
    }
    var count = 0
    while try !reader.isLastBoundary() {
      count += 1
      guard count <= Self.mostParts else {
        throw SyntaxError(at: reader.position, "more than \(Self.mostParts) parts")
      }
      let header = try PartHeader(&reader)
      let content = try reader.skip(past: delimiter, "the boundary --\(boundary) after \(header.name)")
      if header.filename != nil, content.isEmpty { continue }
      parts.append(Part(name: header.name, filename: header.filename, content: body[content]))
    }
  }

  /// The boundary that a request's `content-type` names; nil if that is of another type.
  /// - Throws: an error in words if the boundary is missing or is none.
  package static func boundary(of contentType: String?) throws(HTTPRefusal) -> String? {
    guard let contentType, let value = ParameterizedValue(contentType) else { return nil }
    guard value.value == "multipart/form-data" else { return nil }
    guard let boundary = value.parameters["boundary"], (1...70).contains(boundary.utf8.count),
      boundary.utf8.allSatisfy(isBoundaryByte), !boundary.hasSuffix(" ")
    else {
      throw HTTPRefusal(
        400,
        "content-type: expected multipart/form-data; boundary= and 1 to 70 letters, digits or '()+_,-./:=?")
    }
    return boundary
  }

  /// RFC 2046, 5.1.1.
  private static func isBoundaryByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "'()+_,-./:=? ".utf8.contains(byte)
    }
  }
}

extension MultipartForm {
  /// Goes through the body once.
  fileprivate struct Reader {
    let body: [UInt8]
    var position = 0

    /// Moves behind the next place that has these bytes, a delimiter or two line ends. Bytes that agree with the
    /// beginning of a delimiter have no second carriage return, so each byte is compared twice at most.
    /// - Returns: what lies before that place.
    mutating func skip(past needle: [UInt8], _ expected: String, within limit: Int = .max) throws(SyntaxError)
      -> Range<Int>
    {
      let start = position
      let end = body.count - start > limit ? start + limit : body.count
      let place: Int? = body.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return nil }
        var place = start
        while end - place >= needle.count,
          let found = memchr(base + place, Int32(needle[0]), end - place - needle.count + 1)
        {
          place = UnsafeRawPointer(found) - base
          if memcmp(found, needle, needle.count) == 0 { return place }
          place += 1
        }
        return nil
      }
      guard let place else {
        let found = end < body.count ? "none within \(limit) bytes" : "the end"
        throw SyntaxError(at: end, "expected \(expected), found \(found)")
      }
      position = place + needle.count
      return start..<place
    }

    /// Reads what follows a boundary: two hyphens for the last one, else the end of its line.
    mutating func isLastBoundary() throws(SyntaxError) -> Bool {
      if body[position...].starts(with: "--".utf8) { return true }
      while position < body.count, body[position] == 0x20 || body[position] == 0x09 { position += 1 }
      guard body[position...].starts(with: lineEnd) else {
        throw SyntaxError(at: position, "expected -- or CR LF after a boundary")
      }
      position += 2
      return false
    }
  }

  /// The lines before a part's content.
  fileprivate struct PartHeader {
    private(set) var name = ""
    private(set) var filename: String?

    init(_ reader: inout Reader) throws(SyntaxError) {
      let start = reader.position
      // With the line end before them, the lines of a part that has none are empty as well.
      reader.position -= 2
      let block = try reader.skip(
        past: lineEnd + lineEnd, "an empty line after a part's header", within: 2 + longestHeader + 4)
      var disposition: ParameterizedValue?
      var position = start
      while position < block.upperBound {
        let line = reader.body[position..<block.upperBound].prefix { $0 != 0x0D }
        let (field, value) = try Self.field(line)
        switch field {
        case "content-disposition":
          guard disposition == nil, let form = ParameterizedValue(value), form.value == "form-data" else {
            throw SyntaxError(at: position, Self.expected)
          }
          disposition = form
        case "content-transfer-encoding":
          guard ["binary", "8bit", "7bit"].contains(value.lowercased()) else {
            throw SyntaxError(
              at: position, "expected the part's bytes as they are, found content-transfer-encoding: \(value)"
            )
          }
        default: break
        }
        position = line.endIndex
        if position < block.upperBound {
          guard reader.body[position...].starts(with: lineEnd) else {
            throw SyntaxError(at: position, "a carriage return inside a line of a part's header")
          }
          position += 2
        }
      }
      guard let disposition, let name = disposition.parameters["name"] else {
        throw SyntaxError(at: start, Self.expected)
      }
      (self.name, filename) = (name, disposition.parameters["filename"])
    }

    private static let expected =
      "expected content-disposition: form-data; name=\"…\" once in a part's header"

    /// A line's name in small letters, and its value.
    private static func field(_ line: ArraySlice<UInt8>) throws(SyntaxError) -> (String, String) {
      if let control = line.firstIndex(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
        throw SyntaxError(at: control, "a control character (byte \(line[control])) in a part's header")
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
        line[..<colon].allSatisfy(HeaderRules.isTokenByte),
        colon > line.startIndex
      else {
        throw SyntaxError(at: line.startIndex, "expected NAME: VALUE in a part's header")
      }
      let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
      return (
        String(decoding: line[..<colon], as: UTF8.self).lowercased(),
        ParameterizedValue.trimmed(Substring(value).unicodeScalars)
      )
    }
  }
}
