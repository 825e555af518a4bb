/// What cannot be seen in the names and values that libmicrohttpd (0.9.75) gives, only in where they lie.
extension HeaderRules {
  package typealias Line = (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)

  /// Nil if each header is a line that ends in CR LF.
  ///
  /// libmicrohttpd ends a value at a zero byte, takes lines that end in LF alone, and joins a line that begins with a
  /// space to the one before: "Content-Length: 1" and " 0" become a header called Content-Length0. Names and values
  /// lie where they were received, with two zeros in place of the line's end; lines that were joined lie elsewhere. A
  /// zero or LF alone at the end of the last line stays unseen, as zeros stand there in any case.
  /// - Parameter lines: in order, names and values where libmicrohttpd has them.
  package static func refusal(lines: [Line]) -> HTTPRefusal? {
    for (index, line) in lines.enumerated() {
      guard let name = line.name.baseAddress, let value = line.value.baseAddress else {
        return HTTPRefusal(400, "a header without a value")
      }
      // A colon, and perhaps spaces.
      guard value > name + line.name.count, value - name <= longestHeaders else {
        return HTTPRefusal(400, "a header of several lines")
      }
      let end = value + line.value.count
      let next = index + 1 < lines.count ? lines[index + 1].name.baseAddress : nil
      // The last line is followed by an empty one, so that two bytes are there.
      let isWhole = next.map { $0 == end + 2 } ?? (end.loadUnaligned(as: UInt16.self) == 0)
      guard isWhole else {
        return HTTPRefusal(400, "a zero byte in a header, or a line that does not end in CR LF")
      }
    }
    return nil
  }
}
