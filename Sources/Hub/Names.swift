/// What may become part of a path in the cache. All of these come from outside.
enum Names {
  private static let longestPath = 1024
  private static let longestPart = 255

  /// A commit: 40 hexadecimal digits.
  static func isCommit(_ text: String) -> Bool { isHexadecimal(text, digits: 40) }

  /// The hash that names a blob: SHA-1 of a git blob, or SHA-256 of a large file.
  static func isHash(_ text: String) -> Bool {
    isHexadecimal(text, digits: 40) || isHexadecimal(text, digits: 64)
  }

  /// A branch, tag or commit, by git's rules for such names but in ASCII alone.
  static func isRevision(_ text: String) -> Bool {
    let forbidden = Set(#"~^:?*[\"#.utf8)
    return isPath(text) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !forbidden.contains($0) }
      && !text.hasPrefix("-") && !text.hasSuffix(".") && !text.contains("..") && !text.contains("@{")
      && text.split(separator: "/").allSatisfy { !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }
  }

  /// A relative path that stays within its folder.
  static func isPath(_ text: String) -> Bool {
    guard text.utf8.count <= longestPath else { return false }
    return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part != "." && part != ".." && part.utf8.count <= longestPart
        && part.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
    }
  }

  private static func isHexadecimal(_ text: String, digits: Int) -> Bool {
    text.utf8.count == digits
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
      }
  }
}
