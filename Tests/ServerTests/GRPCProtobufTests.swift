import Foundation
import Server
import TestSupport
import Testing

@Suite struct GRPCProtobufTests {
  private static func request(_ bytes: [UInt8]) throws(ProtobufError) -> Stability.Request {
    try Stability.Request(bytes, name: "Request")
  }

  private static func message(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
    [field << 3 | 2, UInt8(content.count)] + content
  }

  @Test func unknownFieldsOfEveryKindAreLeftOut() throws {
    let request = try Self.request(
      [0xF8, 0x06, 0xFF, 0x01]  // 111, a varint
        + [0xF9, 0x06] + [UInt8](repeating: 7, count: 8)  // 111, 64 bits
        + [0xFD, 0x06, 1, 2, 3, 4]  // 111, 32 bits
        + [0xFA, 0x06, 3, 0xFF, 0xFF, 0xFF]  // 111, bytes that are no message
        + Self.message(1, Array("sd".utf8)))
    #expect(request.engine == "sd")
  }

  @Test func ofTheOneofTheLastFieldCounts() throws {
    #expect(
      try Self.request(Self.message(7, []) + Self.message(5, [0x08, 64])).parameters == .image(parameters(64))
    )
    #expect(try Self.request(Self.message(5, [0x08, 64]) + Self.message(7, [])).parameters == .classifier)
  }

  @Test func aMessageThatComesTwiceIsOne() throws {
    let request = try Self.request(
      Self.message(5, [0x08, 64, 0x1A, 1, 5]) + Self.message(5, [0x08, 65, 0x18, 6]))
    var expected = parameters(65)
    expected.seeds = [5, 6]
    #expect(request.parameters == .image(expected))
  }

  private func parameters(_ height: Int) -> Stability.ImageParameters {
    var parameters = Stability.ImageParameters()
    parameters.height = height
    return parameters
  }

  @Test(
    arguments: [
      ([0x0A], "Request", 1, "ends within a number"),
      ([0x0A, 0x05, 0x41], "Request, field 1", 2, "says that it has 5 bytes, and 1 are left"),
      ([0x0A, 0x01, 0xFF], "Request.engine_id", 0, "is no UTF-8"),
      ([0x08, 0x01], "Request.engine_id", 0, "expected a length and bytes, found a varint"),
      ([0x00, 0x01], "Request", 0, "0 is no number of a field"),
      ([0x0B, 0x0C], "Request, field 1", 0, "groups are not read"),
      ([0x0F], "Request, field 1", 0, "7 is no wire type"),
      ([0x18, 0x63], "Request.requested_type", 0, "99 is none of its values"),
      (
        [0x2A, 0x04, 0x22, 0x02, 0x0D, 0x00], "Request.image.samples", 2,
        "expected a varint, found a length and bytes"
      ),
      (
        [0x2A, 0x03, 0x3A, 0x01, 0x0D], "Request.image.parameters, field 1", 5,
        "says that it has 4 bytes, and 0 are left"
      ),
      (
        [0x2A, 0x06, 0x18, 0x80, 0x80, 0x80, 0x80, 0x10], "Request.image.seed", 2,
        "4294967296 is more than 32 bits"
      ),
      ([0x18] + [UInt8](repeating: 0xFF, count: 10), "Request", 1, "a number has more than 64 bits"),
      (
        [0x18] + [UInt8](repeating: 0xFF, count: 9) + [1], "Request.requested_type", 0,
        "-1 is none of its values"
      ),
      (
        [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [1], "Request, field 1", 11,
        "says that it has 18446744073709551615 bytes, and 0 are left"
      ),
    ] as [([UInt8], String, Int, String)])
  func brokenMessagesNameFieldAndByte(_ bytes: [UInt8], _ field: String, _ byte: Int, _ problem: String) {
    let error = #expect(throws: ProtobufError.self) { try Self.request(bytes) }
    #expect(error?.field == field && error?.byte == byte && error?.problem == problem)
  }

  @Test func depthIsBounded() {
    // Lists within lists of a google.protobuf.Struct.
    var value: [UInt8] = [0x08, 0x00]
    func nest(_ field: UInt64) {
      var writer = ProtobufWriter()
      writer.writeAlways(Int(field), value)
      value = writer.bytes
    }
    for _ in 0..<2000 {
      nest(1)
      nest(6)
    }
    nest(2)
    nest(1)
    nest(2047)
    let error = #expect(throws: ProtobufError.self) { _ = try Self.request(value) }
    #expect(error?.problem == "lies deeper than 64 messages")
  }

  /// Two bytes on the wire become hundreds in memory.
  @Test func emptyValuesAreNotTakenWithoutEnd() {
    let prompts = [UInt8]([[UInt8]](repeating: [0x22, 0x00], count: 100_000).joined())
    let error = #expect(throws: ProtobufError.self) { _ = try Self.request(prompts) }
    #expect(error?.problem == "more values than a request has use for")
    var seeds = ProtobufWriter()
    seeds.message(5) { $0.writeAlways(3, [UInt8](repeating: 1, count: 100_000)) }
    #expect(throws: ProtobufError.self) { _ = try Self.request(seeds.bytes) }
  }

  @Test func brokenMessagesNeverStopTheProcess() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Fixtures.url("grpc").path)
      .filter { !$0.hasPrefix("answer") }.sorted()
    let files = try names.map { [UInt8](try Fixtures.data("grpc/\($0)")) }
    var mutations = Mutations()
    var (read, refused) = (0, 0)
    for index in 0..<Mutations.count(usual: 5000) {
      let bytes = mutations.broken(files[index % files.count])
      do {
        _ = try Self.request(bytes)
        _ = try Stability.ChainRequest(bytes, name: "ChainRequest")
        read += 1
      } catch { refused += 1 }
    }
    #expect(read > 0 && refused > 0)
    for file in files {
      for end in file.indices { _ = try? Self.request(Array(file[..<end])) }
    }
  }
}
