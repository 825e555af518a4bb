import Server
import Testing

@Suite struct GRPCFramingTests {
  @Test func aMessageAndItsFrame() throws {
    #expect(GRPCFraming.frame([7, 8]) == [0, 0, 0, 0, 2, 7, 8])
    #expect(try GRPCFraming.message([0, 0, 0, 0, 2, 7, 8]) == [7, 8])
    #expect(try GRPCFraming.message([0, 0, 0, 0, 0]) == [])
  }

  @Test(
    arguments: [
      ([], .invalidArgument), ([0, 0, 0], .invalidArgument), ([0, 0, 0, 0, 2, 7], .invalidArgument),
      ([0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0], .invalidArgument), ([1, 0, 0, 0, 1, 7], .unimplemented),
      ([2, 0, 0, 0, 0], .invalidArgument), ([0, 255, 255, 255, 255], .resourceExhausted),
      ([0, 4, 0, 0, 1], .resourceExhausted),
    ] as [([UInt8], GRPCFailure.Code)])
  func bodiesThatAreNoMessage(_ body: [UInt8], _ code: GRPCFailure.Code) {
    let failure = #expect(throws: GRPCFailure.self) { try GRPCFraming.message(body) }
    #expect(failure?.code == code)
  }

  @Test(
    arguments: [
      ("30S", .seconds(30)), ("29998m", .milliseconds(29998)), ("1H", .seconds(3600)), ("2M", .seconds(120)),
      ("5u", .microseconds(5)), ("99999999n", .nanoseconds(99_999_999)), ("0S", .zero), (nil, nil),
      ("99999999H", nil),
    ] as [(String?, Duration?)])
  func timeouts(_ text: String?, _ duration: Duration?) throws {
    #expect(try GRPCFraming.timeout(text) == duration)
  }

  @Test(arguments: ["", "S", "30", "30s", "-1S", "+1S", "1.5S", "123456789S", "٣S", "1 S"])
  func brokenTimeouts(_ text: String) {
    #expect(throws: GRPCFailure.self) { try GRPCFraming.timeout(text) }
  }

  @Test func messagesOfFailuresAreASCII() {
    #expect(GRPCFraming.percentEncoded("100% größer\n") == "100%25 gr%C3%B6%C3%9Fer%0A")
    #expect(GRPCFraming.percentEncoded(String(repeating: "x", count: 100_000)).count == 1000)
  }
}
