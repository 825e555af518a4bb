import Darkroom
import Foundation
import Pictures
import PipelineTestSupport
import Synchronization
import Testing

/// The library's way to pictures: events, sequences of pictures, several models.
@Suite struct EngineTests {
  private let tiny = ModelSource(path: TinyModel.folder)

  private func request(count: Int = 2) -> GenerationRequest {
    var request = GenerationRequest(prompt: "a boat")
    (request.width, request.height, request.steps) = (64, 64, 2)
    (request.seed, request.count) = (7, count)
    return request
  }

  @Test func eventsTellEverything() async throws {
    let engine = try Engine(device: .cpu, threads: 2)
    var events: [GenerationEvent] = []
    for await event in engine.events(for: request(), with: .builtIn, previews: true) { events.append(event) }
    guard case .queued(ahead: 0) = events.first, case .picture(let last) = events.last else {
      Issue.record("\(events.count) events")
      return
    }
    #expect(last.index == 1 && last.request.seed == 8)
    let kinds = events.map { Mirror(reflecting: $0).children.first?.label ?? "" }
    #expect(kinds.count { $0 == "picture" } == 2 && kinds.count { $0 == "preview" } == 4)
    #expect(kinds.contains("progress") && !kinds.contains("failed"))
    // Each can be sent to another program and back.
    for event in events {
      let json = try JSONEncoder().encode(event)
      let again = try JSONDecoder().decode(GenerationEvent.self, from: json)
      if case .picture(let picture) = event, case .picture(let copy) = again {
        #expect(copy.pixels == picture.pixels && copy.request == picture.request)
        #expect(try copy.encoded() == picture.encoded())
      } else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(again) == encoder.encode(event))
      }
    }
  }

  @Test func failuresEndTheEvents() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    var wrong = request()
    wrong.steps = 0
    var events: [GenerationEvent] = []
    for await event in engine.events(for: wrong, with: tiny) { events.append(event) }
    guard case .failed(let error) = events.last else { throw DarkroomError(.output, "no failure") }
    #expect(error.kind == .request && error.field == "steps" && error.found == "0" && events.count == 2)
    await #expect(throws: DarkroomError.self) {
      for try await _ in engine.pictures(for: wrong, with: tiny) { Issue.record("a picture came out") }
    }
  }

  @Test func picturesComeOneByOne() async throws {
    let engine = try Engine(device: .cpu, threads: 2)
    _ = try await engine.load(tiny)
    var seeds: [UInt64] = []
    for try await picture in engine.pictures(for: request(count: 3)) {
      seeds.append(picture.request.seed)
      #expect(try picture.encoded().starts(with: [0x89, 0x50, 0x4E, 0x47]))
      #expect(try picture.encoded(as: .webp).starts(with: "RIFF".utf8))
    }
    #expect(seeds == [7, 8, 9])
  }

  /// Whoever stops listening does not pay for the rest.
  @Test func endingTheIterationCancels() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    for try await _ in engine.pictures(for: request(count: 1000), with: tiny) { break }
    // The engine is free again, long before a thousand pictures could have been drawn.
    var pictures = 0
    for try await _ in engine.pictures(for: request(count: 1), with: tiny) { pictures += 1 }
    #expect(pictures == 1)
  }

  /// Requests of two models in turns give what each gives by itself.
  @Test func severalModels() async throws {
    func pixels(_ engine: Engine, _ model: ModelSource) async throws -> [[UInt8]] {
      var all: [[UInt8]] = []
      for try await picture in engine.pictures(for: request(), with: model) { all.append(picture.pixels) }
      return all
    }
    let engine = try Engine(device: .cpu, threads: 2)
    let alone = try await (pixels(Engine(device: .cpu), tiny), pixels(Engine(device: .cpu), .builtIn))
    async let one = pixels(engine, tiny)
    async let other = pixels(engine, .builtIn)
    let together = try await (one, other)
    #expect(together.0 == alone.0 && together.1 == alone.1)
  }

  /// Checked and completed without the engine, which may be at work.
  @Test func requestsAreCompletedOutsideOfTheEngine() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    let description = try await engine.description(of: .builtIn)
    #expect(description.fingerprint?.count == 64)
    let resolved = try ResolvedRequest(request(), for: description, precisions: engine.precisions)
    var drawn: ResolvedRequest?
    for try await picture in engine.pictures(for: request(count: 1), with: .builtIn) {
      drawn = picture.request
    }
    #expect(resolved.count == 2 && drawn?.model == resolved.model && drawn?.steps == 2)
    #expect(drawn?.precision == resolved.precision && drawn?.precision != .auto)
  }
}
