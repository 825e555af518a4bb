/// The paths of requests whose base URL was typed in one of many shapes.
package enum TidyPath {
  /// What stands between two slashes at the beginning of a documented path, and what older paths said.
  private static let versions = ["v1": "v1", "v2beta": "v2beta", "v1alpha": "v1", "v1beta": "v1"]

  /// What A1111's own paths begin with, and what clients add to base URLs that end with it.
  private static let webUI = ["sdapi", "v1"]

  /// With one slash in front, between segments and nowhere else, percent signs decoded, and with one version: that
  /// which is named last, since a base URL may name one and a client's own paths another.
  /// - Parameter path: as it was sent, without the query.
  /// - Throws: an error in words if it is none.
  package static func path(_ path: String) throws(HTTPRefusal) -> String {
    guard path.utf8.first == UInt8(ascii: "/") else {
      throw HTTPRefusal(400, "the path: expected / in front")
    }
    var segments: [String] = []
    var position = 0
    for piece in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      if !piece.isEmpty { segments.append(try decoded(piece, at: position)) }
      position += piece.count + 1
    }
    if let last = segments.indices.last(where: { segments[$0...].starts(with: webUI) }),
      segments[..<last].allSatisfy({ webUI.contains($0) || versions[$0] != nil })
    {
      segments.removeFirst(last)
    }
    while segments.count > 1, versions[segments[0]] != nil, versions[segments[1]] != nil {
      segments.removeFirst()
    }
    if let first = segments.first, let version = versions[first] { segments[0] = version }
    return "/" + segments.joined(separator: "/")
  }

  /// With percent signs decoded.
  static func decoded(_ segment: Substring.UTF8View, at start: Int) throws(HTTPRefusal) -> String {
    func refusal(_ message: String) -> HTTPRefusal {
      HTTPRefusal(400, "the path, byte \(start): \(message)")
    }
    guard let bytes = bytes(of: segment) else { throw refusal("expected two hexadecimal digits after %") }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }) else {
      throw refusal("an encoded slash or control character")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw refusal("is not UTF-8") }
    guard text != ".", text != ".." else { throw refusal("expected a name, found \(text)") }
    return text
  }

  /// With percent signs decoded; nil where two digits are missing after one.
  static func bytes(of text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
