import Darkroom
import Glibc

/// The bytes of the command line and of the environment. Swift puts other characters in the place of bytes that are not
/// UTF-8, so that a path would be another one.
package enum RawWords {
  /// Beginnings of the names of variables that the command reads.
  private static let variables = ["DARKROOM_", "HF_", "XDG_", "HOME=", "TMPDIR="]

  /// Those that the process was started with.
  static func check() throws {
    func strings(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [[UInt8]] {
      guard let list else { return [] }
      var strings: [[UInt8]] = []
      while let string = list[strings.count] {
        strings.append([UInt8](UnsafeRawBufferPointer(start: string, count: strlen(string))))
      }
      return strings
    }
    try check(words: Array(strings(CommandLine.unsafeArgv).dropFirst()), environment: strings(environ))
  }

  /// - Parameter environment: `NAME=VALUE`.
  /// - Throws: `DarkroomError` of kind `request` that names the word and shows its bytes.
  package static func check(words: [[UInt8]], environment: [[UInt8]]) throws {
    let read = environment.filter { entry in variables.contains { entry.starts(with: $0.utf8) } }
    for bytes in words + read where String(validating: bytes, as: UTF8.self) == nil {
      throw DarkroomError(
        .request, "'\(shown(bytes))': its bytes are not UTF-8; expected names in UTF-8 (rename the file)")
    }
  }

  /// Bytes beyond ASCII as \xE9.
  private static func shown(_ bytes: [UInt8]) -> String {
    bytes.prefix(200).map { byte in
      guard !(0x20..<0x7f).contains(byte) else { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }
}
