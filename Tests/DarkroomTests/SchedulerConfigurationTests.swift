import Darkroom
import Foundation
import PipelineTestSupport
import TestSupport
import Testing

/// Every field of diffusers' scheduler classes in `scheduler_config.json`, against diffusers' own pipeline
/// (scripts/fixtures/models/make_configurations.py): its picture, or a refusal.
@Suite struct SchedulerConfigurationTests {
  struct Case: Decodable {
    let `class`: String
    let steps: Int
    /// The text of `scheduler_config.json`.
    let file: String
    let latents: [Float]?
    /// Why diffusers draws nothing.
    let fails: String?
  }

  struct Content: Decodable {
    let prompt: String
    let negative_prompt: String
    let seed: UInt64
    let guidance_scale: Double
    let every: Int
    let cases: [String: Case]
  }

  static let content = Result {
    try JSONDecoder().decode(Content.self, from: Fixtures.data("configurations/schedulers.json"))
  }
  static let classes = Set((try? content.get())?.cases.values.map(\.class) ?? []).sorted()

  @Test(arguments: classes) func everyFieldIsFollowedOrRefused(_ name: String) throws {
    let content = try Self.content.get()
    for (title, golden) in content.cases where golden.class == name {
      do {
        let made = try latents(golden, content)
        let expected = golden.latents ?? []
        let difference = expected.isEmpty ? .infinity : largestDifference(made, expected)
        #expect(difference <= 2e-3, "\(title)")
      } catch {
        print("REFUSED", golden.latents == nil ? "as diffusers" : "alone", title, "|", error)
      }
    }
  }

  private func latents(_ golden: Case, _ content: Content) throws -> [Float] {
    let folder = try TemporaryFolder()
    let model = try TinyModel.copy(
      into: folder, scheduler: golden.class, files: ["scheduler/scheduler_config.json": golden.file])
    var request = GenerationRequest(prompt: content.prompt)
    request.negativePrompt = content.negative_prompt
    (request.width, request.height, request.precision) = (64, 64, .float32)
    (request.promptSyntax, request.promptMode) = (.plain, .truncate)
    (request.steps, request.guidanceScale, request.seed) = (
      golden.steps, content.guidance_scale, content.seed
    )
    let latents = try TinyModel.pipeline(model).latents(request).values.map(Float.init)
    return stride(from: 0, to: latents.count, by: content.every).map { latents[$0] }
  }
}
