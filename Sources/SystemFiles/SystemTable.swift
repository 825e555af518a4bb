import Glibc

/// The small text files in which the kernel says how things are.
package enum SystemTable {
  /// Nil if it cannot be read.
  package static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece[..<count]
    }
  }

  /// The number that a file holds; nil for a word such as "max".
  package static func number(_ path: String) -> Int? {
    text(path).flatMap { Int($0.prefix { !$0.isWhitespace }) }
  }

  /// A number by the word before it: "inactive_file 4096", or "MemFree:  16 kB", which is taken as bytes.
  package static func number(_ field: String, in path: String) -> Int? {
    for line in text(path)?.split(separator: "\n") ?? [] {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 2, words[0] == field || words[0] == "\(field):" else { continue }
      return Int(words[1]).map { words.last == "kB" ? $0 << 10 : $0 }
    }
    return nil
  }
}
