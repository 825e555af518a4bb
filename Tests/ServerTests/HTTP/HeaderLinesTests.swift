import Server
import Testing

@Suite struct HeaderLinesTests {
  /// The answer for lines that lie in memory as libmicrohttpd has them: colons and ends of lines are zeros.
  private func refusal(_ memory: String, _ places: [(name: Range<Int>, value: Range<Int>)]) -> HTTPRefusal? {
    let bytes = Array(memory.replacing(".", with: "\0").utf8)
    return bytes.withUnsafeBytes { bytes in
      HeaderRules.refusal(
        lines: places.map { place in
          (
            UnsafeRawBufferPointer(rebasing: bytes[place.name]),
            UnsafeRawBufferPointer(rebasing: bytes[place.value])
          )
        })
    }
  }

  @Test func linesOneAfterTheOther() {
    #expect(
      refusal(
        "Host. a..X.  b ..E...Y.c....",
        [(0..<4, 6..<7), (9..<10, 13..<15), (17..<18, 19..<19), (21..<22, 23..<24)]) == nil)
    #expect(refusal("X....", [(0..<1, 2..<2)]) == nil)
    #expect(refusal("", []) == nil)
  }

  @Test(
    arguments: [
      // A zero byte in a value, between lines and in the last one.
      ("X.a.b..Y.c....", [(0..<1, 2..<3), (7..<8, 9..<10)], "zero byte"),
      ("X.a.b....", [(0..<1, 2..<3)], "zero byte"),
      // LF alone.
      ("X.a.Y.c....", [(0..<1, 2..<3), (4..<5, 6..<7)], "zero byte"),
      // A second line was joined to the first: the name lies behind all lines, and so does its length.
      ("X.a.. b..Y.c....Xb.", [(16..<18, 2..<3), (9..<10, 11..<12)], "several lines"),
      ("X.a....Xa.", [(7..<8, 2..<3)], "several lines"),
    ] as [(String, [(name: Range<Int>, value: Range<Int>)], String)])
  func linesThatAreNone(memory: String, places: [(name: Range<Int>, value: Range<Int>)], problem: String)
    throws
  {
    let refused = try #require(refusal(memory, places))
    #expect(refused.status == 400 && refused.message.contains(problem))
  }
}
