import Server
import Testing

@Suite struct WebSocketFramesTests {
  /// A client's frame.
  static func frame(_ first: UInt8, _ payload: [UInt8], length: [UInt8]? = nil) -> [UInt8] {
    let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    let count = UInt64(payload.count)
    let written =
      count < 126
      ? [UInt8(count)]
      : count < 1 << 16
        ? [126, UInt8(count >> 8), UInt8(count & 0xFF)]
        : [127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
    var length = length ?? written
    length[0] |= 0x80
    return [first] + length + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
  }

  private func events(_ bytes: [UInt8], most: Int = 1000, by step: Int = .max) throws -> [WebSocketReader
    .Event]
  {
    var reader = WebSocketReader(most: most)
    var events: [WebSocketReader.Event] = []
    for start in stride(from: 0, to: bytes.count, by: min(step, bytes.count)) {
      reader.append(bytes[start..<min(bytes.count, start + min(step, bytes.count))])
      while let event = try reader.next() { events.append(event) }
    }
    return events
  }

  @Test func theStandardsExampleIsRead() throws {
    // RFC 6455, 5.7.
    let hello: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
    #expect(try events(hello) == [.text("Hello")])
    #expect(WebSocketHandshake.acceptance(of: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func bytesMayComeInAnyPieces(_ step: Int) throws {
    let long = [UInt8](repeating: 65, count: 300)
    let bytes =
      Self.frame(0x01, Array("hal".utf8)) + Self.frame(0x89, [1, 2]) + Self.frame(0x80, Array("lö".utf8))
      + Self.frame(0x82, long) + Self.frame(0x8A, []) + Self.frame(0x88, [0x03, 0xE8, 0x62, 0x79])
    let expected: [WebSocketReader.Event] = [
      .ping([1, 2]), .text("hallö"), .binary(long), .pong, .close(WebSocketClose(1000, "by")),
    ]
    #expect(try events(bytes, by: step) == expected)
  }

  @Test func lengthsOfAllThreeKindsAreRead() throws {
    for count in [0, 125, 126, 65_535, 65_536, 70_000] {
      let payload = [UInt8](repeating: 7, count: count)
      #expect(try events(Self.frame(0x82, payload), most: 70_000) == [.binary(payload)])
    }
  }

  @Test(
    arguments: [
      (WebSocketFramesTests.frame(0xC1, [65]), 1002), (WebSocketFramesTests.frame(0x83, [65]), 1002),
      (WebSocketFramesTests.frame(0x80, [65]), 1002), (WebSocketFramesTests.frame(0x09, [65]), 1002),
      (WebSocketFramesTests.frame(0x89, [UInt8](repeating: 0, count: 126)), 1002),
      (WebSocketFramesTests.frame(0x01, [65]) + WebSocketFramesTests.frame(0x81, [65]), 1002),
      ([0x81, 0x01, 65], 1002), (WebSocketFramesTests.frame(0x81, [65], length: [126, 0, 1]), 1002),
      (WebSocketFramesTests.frame(0x81, [0xC3]), 1007),
      (WebSocketFramesTests.frame(0x81, [0xED, 0xA0, 0x80]), 1007),
      (WebSocketFramesTests.frame(0x88, [0x03]), 1002),
      (WebSocketFramesTests.frame(0x88, [0x03, 0xED]), 1002),
      (WebSocketFramesTests.frame(0x88, [0x03, 0xE8, 0xFF]), 1007),
      (WebSocketFramesTests.frame(0x82, [UInt8](repeating: 0, count: 1001)), 1009),
      // As long as 2^63 bytes and more.
      ([0x82, 0xFF] + [UInt8](repeating: 0xFF, count: 12), 1009),
      (
        WebSocketFramesTests.frame(0x02, [UInt8](repeating: 0, count: 600))
          + WebSocketFramesTests.frame(0x80, [UInt8](repeating: 0, count: 401)), 1009
      ),
    ] as [([UInt8], UInt16)])
  func whatIsNoFrameClosesTheSocket(_ bytes: [UInt8], _ code: UInt16) {
    let thrown = #expect(throws: WebSocketClose.self) { try events(bytes) }
    #expect(thrown?.code == code)
  }

  @Test func anyBytesAreReadOrRefused() {
    var numbers = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
      // Frames with a mistake, and what is none at all.
      var bytes = (0..<3).flatMap { _ in
        Self.frame(
          [0x81, 0x01, 0x80, 0x89, 0x88, 0x02].randomElement() ?? 0,
          [UInt8](repeating: 65, count: .random(in: 0...130)))
      }
      for _ in 0..<Int.random(in: 0...3) { bytes[.random(in: bytes.indices)] = numbers.next() }
      _ = try? events(bytes, most: 200, by: .random(in: 1...200))
    }
  }

  @Test func framesOfTheServer() {
    #expect(WebSocketFrame.text("hi") == [0x81, 2, 0x68, 0x69])
    #expect(WebSocketFrame.binary([UInt8](repeating: 0, count: 126)).prefix(4) == [0x82, 126, 0, 126])
    #expect(
      WebSocketFrame.binary([UInt8](repeating: 0, count: 65_536)).prefix(10) == [
        0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0,
      ])
    #expect(WebSocketFrame.close(WebSocketClose(1001, "ö")) == [0x88, 4, 0x03, 0xE9, 0xC3, 0xB6])
    // A reason is cut between letters.
    let long = WebSocketFrame.close(WebSocketClose(1000, "a" + String(repeating: "ö", count: 100)))
    #expect(long[1] == 125 && long.count == 127)
    let longer = WebSocketFrame.close(WebSocketClose(1000, String(repeating: "ö", count: 100)))
    #expect(longer[1] == 124)
  }
}
