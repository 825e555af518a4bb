import Darkroom

/// A grid of pictures that differ in how they are sampled: which sampler and schedule gives the converged picture of a
/// model in the fewest network calls and seconds?
package struct ComparisonRequest: Sendable, Equatable {
  /// What all pictures share. Its prompts, sampler, schedule, steps, seeds and count are not used, large pictures are
  /// drawn at once, and noise on the way is a Brownian path wherever a sampler's pictures converge along one.
  package var shared = GenerationRequest(prompt: "")
  package var prompts: [String]
  /// Names or aliases, as `Catalogue.samplers` lists them.
  package var samplers: [String]
  /// Names or aliases; none for the one that each sampler has by itself.
  package var schedules: [String] = []
  package var steps: [Int]
  package var seeds: [UInt64] = [1]
  /// How often each picture is made: from two on, it is known whether the bytes are the same.
  package var repeats = 2
  /// Network calls of the solutions that pictures are measured against.
  package var referenceCalls = 200

  package init(prompts: [String], samplers: [String], steps: [Int]) {
    (self.prompts, self.samplers, self.steps) = (prompts, samplers, steps)
  }

  package enum Limits {
    package static let repeats = 1...100
    package static let referenceCalls = 20...1000
    /// Pictures of the whole grid.
    package static let cells = 1...10_000
  }

  /// The request of every combination, prompt by prompt and seed by seed.
  /// - Throws: `DarkroomError` of kind `request` that names the field.
  func requests() throws -> [GenerationRequest] {
    try validate()
    let schedules = schedules.isEmpty ? [nil] : schedules.map(Optional.some)
    var single = shared
    (single.count, single.seeds, single.prompts, single.secondPass) = (1, nil, nil, .never)
    (single.stepNoise, single.batchNoise, single.batchPlace) = (nil, .perPicture, nil)
    return prompts.flatMap { prompt in
      seeds.flatMap { seed in
        samplers.flatMap { sampler in
          schedules.flatMap { schedule in
            steps.map { steps in
              var request = single
              (request.prompt, request.seed, request.steps) = (prompt, seed, steps)
              (request.sampler, request.schedule) = (sampler, schedule)
              return request
            }
          }
        }
      }
    }
  }

  private func validate() throws {
    func require(_ holds: Bool, _ field: String, _ problem: String) throws {
      guard holds else { throw DarkroomError(.request, "\(field): \(problem)") }
    }
    for (field, count) in [
      ("prompts", prompts.count), ("samplers", samplers.count), ("steps", steps.count),
      ("seeds", seeds.count),
    ] { try require(count > 0, field, "none; expected one at least") }
    try require(Limits.repeats.contains(repeats), "repeats", "\(repeats) is not possible; expected 1 to 100")
    try require(
      Limits.referenceCalls.contains(referenceCalls), "reference_calls",
      "\(referenceCalls) is not possible; expected 20 to 1000")
    try require(
      shared.guidanceStart ?? 0 == 0 && shared.guidanceEnd ?? 1 == 1, "guidance_start, guidance_end",
      "count steps, so that every schedule would lead to other pictures; expected 0 and 1")
    if shared.promptSyntax != .plain {
      for prompt in prompts + [shared.negativePrompt ?? ""] {
        try require(
          !GenerationRequest(prompt: prompt).hasChoices, "prompts",
          "\(prompt) has choices, so that every seed would draw another prompt; expected none, or prompt_syntax plain"
        )
      }
    }
    let count = [prompts.count, seeds.count, samplers.count, max(schedules.count, 1), steps.count]
      .reduce((product: 1, overflow: false)) { sum, next in
        let result = sum.product.multipliedReportingOverflow(by: next)
        return (result.partialValue, sum.overflow || result.overflow)
      }
    try require(
      !count.overflow && Limits.cells.contains(count.product), "cells",
      "\(count.overflow ? "too many" : "\(count.product)") pictures; expected at most \(Limits.cells.upperBound)"
    )
  }
}

/// How far a comparison has come.
package struct ComparisonProgress: Sendable, Equatable {
  /// What is made now: "dpmpp_2m, karras, 8 steps, seed 1", or a reference.
  package var label: String
  /// Pictures of the grid that are finished, those of earlier runs among them, and all of them; each repeat counts.
  package var finished: Int
  package var pictures: Int
  /// The share of this run's network calls that is done, 0...1.
  package var fraction: Double
  /// Of this run; nil before the first picture.
  package var secondsLeft: Double?
}

/// What a comparison came to.
package struct ComparisonOutcome: Codable, Sendable, Equatable {
  /// One sentence: which sampler to use.
  package let verdict: String
  /// Further sentences: what that rests on and where it ends.
  package let remarks: [String]
  /// Pictures that this run made, and that earlier runs had made.
  package let made: Int
  package let kept: Int
  /// Paths of what was written: the report, the results as JSON and CSV, the contact sheets.
  package let report: String
  package let results: String
  package let table: String
  package let contactSheets: [String]
}

/// What a comparison would do.
package struct ComparisonPlan: Codable, Sendable, Equatable {
  /// Pictures to make, and those that earlier runs have made.
  package let cells: Int
  package let finished: Int
  /// Network calls of the pictures, with their repeats, and of the references.
  package let calls: Int
  package let referenceCalls: Int
}
