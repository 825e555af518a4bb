import CNghttp2
import Glibc
import Server
import Synchronization
import Testing

@Suite struct GRPCLoopTests {
  private static let echo = GRPCServiceDouble { call, answer in answer.yield(call.message) }

  private static func makeLoop(
    _ service: some GRPCService, _ change: (inout HTTP2Limits) -> Void = { _ in }
  ) throws -> HTTP2Loop {
    // Many tests at the same time leave little of the processor to each.
    var limits = HTTP2Limits()
    limits.greeting = .seconds(60)
    change(&limits)
    return try HTTP2Loop(service: service, limits: limits) { close($0.socket) }
  }

  /// Answers once, then waits until it is cancelled.
  private static func makeLasting() -> GRPCServiceDouble {
    GRPCServiceDouble { _, answer in
      answer.yield([1])
      try await Task.sleep(for: .seconds(60))
    }
  }

  @Test func aCallAndWhatTheServiceSeesOfIt() async throws {
    let calls = Mutex<[GRPCCall]>([])
    let service = GRPCServiceDouble { call, answer in
      calls.withLock { $0.append(call) }
      answer.yield([9])
    }
    let answer = try await HTTP2ClientDouble.with(try Self.makeLoop(service)) {
      try $0.call([1, 2, 3], ["authorization": "Bearer key"])
    }
    #expect(answer.fields[":status"] == "200" && answer.fields["content-type"] == "application/grpc")
    #expect(answer.fields["grpc-status"] == "0" && answer.messages == [[9]] && answer.end == 0)
    let call = calls.withLock { $0.first }
    #expect(
      call?.path == HTTP2ClientDouble.path && call?.message == [1, 2, 3] && call?.client == "127.0.0.1")
    #expect(call?.headers["Authorization"] == "Bearer key" && call?.headers["host"] == "localhost")
  }

  @Test func manyMessagesAndCallsOnOneConnection() async throws {
    let service = GRPCServiceDouble { call, answer in
      for index in 0..<20 { answer.yield(call.message + [UInt8](repeating: UInt8(index), count: 50_000)) }
    }
    let answers = try await HTTP2ClientDouble.with(try Self.makeLoop(service)) { client in
      try (0..<8).map { client.post(GRPCFraming.frame([$0])) }.map { try client.answer($0) }
    }
    for (call, answer) in answers.enumerated() {
      let expected = (0..<20).map { [UInt8(call)] + [UInt8](repeating: UInt8($0), count: 50_000) }
      #expect(answer.messages == expected && answer.fields["grpc-status"] == "0")
    }
  }

  @Test func largeMessagesBothWays() async throws {
    var message = [UInt8](repeating: 7, count: 11 << 20)
    for place in stride(from: 0, to: message.count, by: 4999) { message[place] = UInt8(place % 251) }
    let service = GRPCServiceDouble { call, answer in
      answer.yield(Array(call.message.suffix(9 << 20)))
      answer.yield(Array(call.message.prefix(9 << 20)))
    }
    let answer = try await HTTP2ClientDouble.with(try Self.makeLoop(service)) { [message] in
      try $0.call(message)
    }
    #expect(answer.fields["grpc-status"] == "0" && answer.messages.count == 2)
    #expect(answer.messages.first == Array(message.suffix(9 << 20)))
  }

  @Test func failuresBeforeAndAfterMessages() async throws {
    let service = GRPCServiceDouble { call, answer in
      if !call.message.isEmpty { answer.yield([1]) }
      throw GRPCFailure(.notFound, "no engine größer")
    }
    let (early, late) = try await HTTP2ClientDouble.with(try Self.makeLoop(service)) {
      (try $0.call([]), try $0.call([1]))
    }
    for answer in [early, late] {
      #expect(answer.fields["grpc-status"] == "5" && answer.fields[":status"] == "200")
      #expect(answer.fields["grpc-message"] == "no engine gr%C3%B6%C3%9Fer" && answer.end == 0)
    }
    #expect(early.messages.isEmpty && late.messages == [[1]])
  }

  @Test func aResetCancelsTheCall() async throws {
    let service = Self.makeLasting()
    let loop = try Self.makeLoop(service)
    let next = try await HTTP2ClientDouble.with(loop) { client in
      let id = client.post(GRPCFraming.frame([]))
      try client.wait { client.answers[id]?.messages == [[1]] }
      client.reset(id)
      client.ping()
      try client.wait { client.pings > 0 }
      return client.farewell
    }
    #expect(next == nil)
    #expect(await service.isCancelled())
  }

  @Test func aDeadlineEndsTheCall() async throws {
    let service = Self.makeLasting()
    let answer = try await HTTP2ClientDouble.with(try Self.makeLoop(service)) {
      try $0.call([], ["grpc-timeout": "50m"])
    }
    #expect(answer.fields["grpc-status"] == "4" && answer.messages == [[1]])
    #expect(await service.isCancelled())
  }

  @Test func aLostConnectionCancelsItsCalls() async throws {
    let service = Self.makeLasting()
    let loop = try Self.makeLoop(service)
    try await HTTP2ClientDouble.with(loop) { client in
      let ids = (0..<3).map { _ in client.post(GRPCFraming.frame([])) }
      try client.wait { ids.allSatisfy { client.answers[$0]?.messages == [[1]] } }
    }
    #expect(await service.isCancelled(3))
    #expect(await comes { loop.connectionCount == 0 })
  }

  @Test(
    arguments: [
      ([1, 0, 0, 0, 0], "12"), ([0, 0, 0, 0, 5, 1], "3"), ([], "3"), ([0, 0, 0, 0, 0, 0], "3"),
      ([9, 0, 0, 0, 0], "3"),
    ] as [([UInt8], String)])
  func bodiesThatAreNoMessage(_ body: [UInt8], _ status: String) async throws {
    let loop = try Self.makeLoop(Self.echo)
    let (answer, next) = try await HTTP2ClientDouble.with(loop) {
      (try $0.answer($0.post(body)), try $0.call([7]))
    }
    #expect(answer.fields["grpc-status"] == status && answer.messages.isEmpty)
    #expect(answer.fields["grpc-accept-encoding"] == "identity")
    #expect(next.messages == [[7]])
  }

  /// The prefix says enough; the connection goes on.
  @Test func aTooLargeMessageIsRefusedBeforeItComes() async throws {
    let loop = try Self.makeLoop(Self.echo)
    let (answer, next) = try await HTTP2ClientDouble.with(loop) { client in
      let body = [0, 4, 0, 0, 1] + [UInt8](repeating: 0, count: 100_000)
      return (try client.answer(client.post(body, isWhole: false)), try client.call([7]))
    }
    #expect(answer.fields["grpc-status"] == "8" && answer.end == 0)
    #expect(next.messages == [[7]])
  }

  @Test func requestsThatArriveTogetherAreBounded() async throws {
    let loop = try Self.makeLoop(Self.echo) { $0.receivedBytes = 1 << 20 }
    let (answer, next) = try await HTTP2ClientDouble.with(loop) { client in
      client.post(GRPCFraming.frame([UInt8](repeating: 0, count: 900_000)).dropLast(), isWhole: false)
      let second = client.post(
        GRPCFraming.frame([UInt8](repeating: 0, count: 900_000)).dropLast(), isWhole: false)
      return (try client.answer(second), try client.call([7]))
    }
    #expect(answer.fields["grpc-status"] == "8" && next.messages == [[7]])
  }

  @Test func whatIsNoCall() async throws {
    let loop = try Self.makeLoop(Self.echo)
    let answers = try await HTTP2ClientDouble.with(loop) { client in
      [
        try client.answer(client.post([], method: "GET")),
        try client.answer(client.post([], ["content-type": "application/json"])),
        try client.answer(
          client.post(GRPCFraming.frame([]), ["x-long": String(repeating: "x", count: 17 << 10)])),
        try client.answer(client.post(GRPCFraming.frame([]), ["grpc-timeout": "soon"])),
      ]
    }
    #expect(answers.map { $0.fields[":status"] } == ["405", "415", "431", "200"])
    #expect(answers[0].fields["allow"] == "POST" && !answers[0].body.isEmpty)
    #expect(answers[3].fields["grpc-status"] == "3")
  }

  @Test func settingsAndPings() async throws {
    let loop = try Self.makeLoop(Self.echo)
    let settings = try await HTTP2ClientDouble.with(loop) { client in
      client.ping()
      try client.wait { client.pings == 1 }
      return client.settings
    }
    #expect(settings[Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue)] == 64)
    #expect(settings[Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue)] == 4 << 20)
  }

  @Test func garbageEndsItsOwnConnectionOnly() async throws {
    let loop = try Self.makeLoop(Self.echo)
    var generator = SystemRandomNumberGenerator()
    for count in [1, 24, 100, 5000] {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try await onThread {
        let (near, far) = try socketPair()
        loop.adopt(try caller(far))
        _ = noise.withUnsafeBytes { send(near, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        close(near)
      }
    }
    let answer = try await HTTP2ClientDouble.with(loop) { try $0.call([7]) }
    #expect(answer.messages == [[7]])
    #expect(await comes { loop.connectionCount == 0 })
  }

  @Test func rapidResetsEndTheConnection() async throws {
    let service = Self.makeLasting()
    let loop = try Self.makeLoop(service) { $0.resets = 20 }
    let farewell = try await HTTP2ClientDouble.with(loop) { client in
      try? client.wait {
        for _ in 0..<10 {
          let id = client.post(GRPCFraming.frame([]))
          try? client.flush()
          client.reset(id)
        }
        client.ping()
        return client.farewell != nil
      }
      return client.farewell
    }
    #expect(farewell == NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    #expect(await comes { loop.connectionCount == 0 && service.counts.begun == service.counts.cancelled })
  }

  @Test func drainingLetsCallsEndAndTakesNoNewOnes() async throws {
    let gate = Mutex(false)
    let service = GRPCServiceDouble { _, answer in
      answer.yield([1])
      while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
      answer.yield([2])
    }
    let loop = try Self.makeLoop(service)
    let (answer, begun) = try await HTTP2ClientDouble.with(loop) { client in
      let id = client.post(GRPCFraming.frame([]))
      try client.wait { client.answers[id]?.messages == [[1]] }
      loop.drain()
      try client.wait { client.farewell != nil }
      client.post(GRPCFraming.frame([]))
      try client.flush()
      gate.withLock { $0 = true }
      let answer = try client.answer(id)
      client.waitForEnd()
      return (answer, service.counts.begun)
    }
    #expect(answer.messages == [[1], [2]] && answer.fields["grpc-status"] == "0" && begun == 1)
    #expect(await comes { loop.connectionCount == 0 })
  }

  @Test func stoppingEndsCallsWithAReason() async throws {
    let service = Self.makeLasting()
    let loop = try Self.makeLoop(service)
    let answer = try await HTTP2ClientDouble.with(loop) { client in
      let id = client.post(GRPCFraming.frame([]))
      try client.wait { client.answers[id]?.messages == [[1]] }
      loop.stop()
      return try client.answer(id)
    }
    #expect(answer.fields["grpc-status"] == "14")
    #expect(await service.isCancelled())
    let (near, far) = try socketPair()
    loop.adopt(try caller(far))
    var byte: UInt8 = 0
    #expect(recv(near, &byte, 1, 0) == 0)
    close(near)
  }

  @Test func silentAndSurplusConnectionsAreClosed() async throws {
    let loop = try Self.makeLoop(Self.echo) {
      ($0.connections, $0.greeting, $0.idle) = (2, .milliseconds(100), .milliseconds(100))
    }
    let farewell = try await HTTP2ClientDouble.with(loop) { client in
      _ = try client.call([7])
      let (silent, far) = try socketPair()
      loop.adopt(try caller(far))
      let (surplus, other) = try socketPair()
      loop.adopt(try caller(other))
      var byte: UInt8 = 0
      guard recv(surplus, &byte, 1, 0) == 0 else { throw HTTP2ClientDouble.Gone() }
      client.waitForEnd()
      close(surplus)
      close(silent)
      return client.farewell
    }
    #expect(farewell == NGHTTP2_NO_ERROR.rawValue)
    #expect(await comes { loop.connectionCount == 0 })
  }
}
