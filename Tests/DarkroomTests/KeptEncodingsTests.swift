import Darkroom
import PipelineTestSupport
import Synchronization
import Testing

/// Texts that were encoded of late are not encoded again.
@Suite struct KeptEncodingsTests {
  private func stages(_ engine: Engine, _ prompt: String, seed: UInt64) async throws -> Set<String> {
    var request = GenerationRequest(prompt: prompt)
    (request.seed, request.steps, request.width, request.height) = (seed, 1, 64, 64)
    var stages: Set<String> = []
    for await event in engine.events(for: request) {
      if case .progress(let progress) = event { stages.insert(progress.stage.rawValue) }
    }
    return stages
  }

  @Test func anotherSeedOfAPromptEncodesNothing() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    #expect(try await stages(engine, "a cat", seed: 1).contains("encoding"))
    #expect(try await !stages(engine, "a cat", seed: 2).contains("encoding"))
    #expect(try await stages(engine, "a dog", seed: 2).contains("encoding"))
  }
}
