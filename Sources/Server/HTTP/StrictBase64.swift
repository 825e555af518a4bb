import FoundationEssentials
import SystemFiles

/// Bytes written in base64 (RFC 4648, 4), by itself or as a data URL, checked and not yet decoded.
package struct StrictBase64: Sendable {
  /// How many bytes `decoded` has.
  package let size: Int
  private let text: Substring

  /// - Parameter text: a multiple of four letters of base64's alphabet, the last one or two of them "=" if need be;
  ///   `data:image/png;base64,` may stand before them. Spaces and line ends are none of them.
  /// - Throws: an error that names the text's byte and what was expected there.
  package init(_ text: String) throws(SyntaxError) {
    var letters = try Self.withoutPrefix(text)
    let start = text.utf8.count - letters.utf8.count
    // In one piece of memory, where ten megabytes are read in milliseconds.
    size = try letters.withUTF8 { bytes in
      Result { () throws(SyntaxError) in try Self.size(bytes, at: start) }
    }.get()
    self.text = letters
  }

  /// - Parameter start: index of the first letter, for errors.
  private static func size(_ letters: UnsafeBufferPointer<UInt8>, at start: Int) throws(SyntaxError) -> Int {
    let padding = letters.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    let count = letters.count - padding
    if let wrong = letters.prefix(count).firstIndex(where: { value($0) == nil }) {
      throw SyntaxError(at: start + wrong, "expected a letter of base64, found \(words(letters[wrong]))")
    }
    guard letters.count % 4 == 0 else {
      throw SyntaxError(
        at: start + letters.count, "expected a multiple of 4 letters of base64, found \(letters.count)")
    }
    // Two writings of the same bytes would be two keys of the same request.
    if padding > 0, let last = value(letters[count - 1]), last & (padding == 1 ? 3 : 15) != 0 {
      throw SyntaxError(at: start + count - 1, "the last letter of base64 says more than whole bytes")
    }
    return letters.count / 4 * 3 - padding
  }

  package var decoded: [UInt8] { Data(base64Encoded: Data(text.utf8)).map { [UInt8]($0) } ?? [] }

  private static func withoutPrefix(_ text: String) throws(SyntaxError) -> Substring {
    guard text.utf8.prefix(5).elementsEqual("data:".utf8, by: { $0 | 0x20 == $1 | 0x20 }) else {
      return Substring(text)
    }
    // Longer ones have no meaning here.
    let head = text.utf8.prefix(256)
    guard let comma = head.firstIndex(of: UInt8(ascii: ",")), text[..<comma].lowercased().hasSuffix(";base64")
    else {
      throw SyntaxError(at: 0, "expected data:TYPE;base64, before the letters of a data URL")
    }
    return text[text.utf8.index(after: comma)...]
  }

  private static func value(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  private static func words(_ byte: UInt8) -> String {
    0x21..<0x7F ~= byte ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
  }
}
