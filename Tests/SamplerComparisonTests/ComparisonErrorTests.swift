import Darkroom
import PipelineTestSupport
import SamplerComparison
import Testing

@Suite struct ComparisonErrorTests {
  /// Distances are measured in windows of 11 pixels.
  @Test func aComparisonOfTinyPictures() async throws {
    let trial = try ComparisonTrial()
    let engine = try Engine(threads: 1)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    var request = ComparisonTrial.request(["euler"], steps: [2])
    (request.shared.width, request.shared.height) = (8, 8)
    let comparison = request
    let error = await #expect(throws: DarkroomError.self) {
      try await engine.compare(comparison, folder: trial.folder)
    }
    #expect(error?.kind == .request && error?.field == "size" && error?.found == "8x8")
  }
}
