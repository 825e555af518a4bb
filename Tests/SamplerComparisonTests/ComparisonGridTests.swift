import Darkroom
import Foundation
import PipelineTestSupport
import SamplerComparison
import Sampling
import Testing

/// What a comparison makes, in which order, and what it refuses.
@Suite struct ComparisonGridTests {
  private let trial: ComparisonTrial

  init() throws { trial = try ComparisonTrial() }

  @Test func everyCombinationOnceInOrder() throws {
    var request = ComparisonTrial.request(
      ["EulerDiscreteScheduler", "lcm", "euler"], steps: [2, 1, 2], prompts: ["a", "b", "a"])
    request.seeds = [7, 3]
    request.schedules = ["karras", "use_karras_sigmas", "trailing"]
    let results = try trial.run(request)
    #expect(results.prompts == ["a", "b"])
    let expected = [0, 1].flatMap { prompt in
      [7, 3].flatMap { (seed: UInt64) in
        ["euler", "lcm"].flatMap { sampler in
          ["karras", "trailing"].flatMap { schedule in
            [2, 1].map {
              CellKey(sampler: sampler, schedule: schedule, steps: $0, seed: seed, prompt: prompt)
            }
          }
        }
      }
    }
    #expect(results.cells.map(\.key) == expected)
    #expect(results.references.map { "\($0.prompt) \($0.seed)" } == ["0 7", "0 3", "1 7", "1 3"])
    #expect(Set(results.cells.map(\.picture)).count == expected.count)
  }

  @Test func theNumberOfFiles() throws {
    let outcome = try trial.runner(
      ComparisonTrial.request(["euler", "euler_a"], steps: [1, 2], prompts: ["a", "b"])
    ).run()
    #expect(outcome.made == 8 && outcome.kept == 0)
    #expect(outcome.verdict.hasSuffix("."))
    let pages = (outcome.contactSheets + [outcome.report, outcome.results, outcome.table]).map {
      URL(fileURLWithPath: $0).lastPathComponent
    }
    let stems = ["p1-s1", "p2-s1"].flatMap { place in
      ["euler", "euler_a"].flatMap { sampler in
        [1, 2].map { "\(place)-\(sampler)-leading-\($0).png" }
      }
        + ["reference-\(place)", "reference-\(place)-euler_a-karras"].flatMap {
          ["\($0).png", "\($0).latents"]
        }
    }
    #expect(trial.names == (pages + stems).sorted())
    #expect(
      try String(decoding: trial.data("results.csv"), as: UTF8.self).split(separator: "\r\n").count == 9)
  }

  static let impossible: [(String, ComparisonTrial.Change)] = [
    ("sampler: no sampler is called \"eulr\"", { $0.samplers = ["euler", "eulr"] }),
    ("schedule: no schedule is called \"kerras\"", { $0.schedules = ["kerras"] }),
    ("steps: 0", { $0.steps = [2, 0] }), ("steps: 151", { $0.steps = [151] }),
    ("steps: none", { $0.steps = [] }),
    ("samplers: none", { $0.samplers = [] }), ("prompts: none", { $0.prompts = [] }),
    ("seeds: none", { $0.seeds = [] }), ("repeats: 0", { $0.repeats = 0 }),
    ("reference_calls: 19", { $0.referenceCalls = 19 }),
    ("reference_calls: 1001", { $0.referenceCalls = 1001 }),
    ("cells: 10001 pictures", { $0.seeds = Array(0...10_000) }), ("width", { $0.shared.width = 7 }),
    ("guidance_start, guidance_end", { $0.shared.guidanceEnd = 0.5 }),
    (
      "cells: too many",
      {
        $0.steps = Array(repeating: 1, count: 1 << 16)
        ($0.samplers, $0.schedules) = (
          Array(repeating: "euler", count: 1 << 16), Array(repeating: "karras", count: 1 << 16)
        )
        ($0.seeds, $0.prompts) = (Array(repeating: 1, count: 1 << 16), ["a"])
      }
    ),
  ]

  @Test(arguments: impossible)
  func impossibleOnesAreRefusedBeforeAnythingIsMade(
    field: String, change: ComparisonTrial.Change
  ) throws {
    var request = ComparisonTrial.request(["euler"], steps: [2])
    change(&request)
    let error = #expect(throws: (any Error).self) { try trial.run(request) }
    #expect(error.map { "\($0)" }?.hasPrefix(field) == true, "\(String(describing: error))")
    #expect(trial.names.isEmpty)
  }

  @Test func theEngineNamesTheFieldAsARequestsFault() async throws {
    let engine = try Engine(device: .cpu, threads: 1)
    _ = try await engine.load(ModelSource(path: TinyModel.folder))
    var request = ComparisonTrial.request(["euler"], steps: [2])
    request.samplers = ["eulr"]
    let folder = trial.folder
    let error = await #expect(throws: DarkroomError.self) {
      _ = try await engine.compare(request, folder: folder)
    }
    #expect(error?.kind == .request && error?.description.contains("eulr") == true)
    request.samplers = ["euler"]
    let plan = try await engine.plan(request, folder: folder)
    #expect(plan.cells == 1 && plan.finished == 0 && plan.calls == 2 && plan.referenceCalls == 30)
    let outcome = try await engine.compare(request, folder: folder)
    #expect(outcome.made == 1)
    #expect(try trial.results().setting.computes.hasSuffix("1 threads"))
  }

  @Test func networkCallsAreCounted() throws {
    let expected = [
      "euler": 6, "heun": 11, "lms": 6, "pndm": 7, "dpm_fast": 6, "dpmpp_2m": 6, "dpm2": 11, "restart": 11,
    ]
    let backend = try RecordingBackend(bytesAvailable: nil)
    let samplers = ["euler"] + expected.keys.filter { $0 != "euler" }
    let results = try trial.run(ComparisonTrial.request(samplers, steps: [6]), backend)
    for cell in results.cells {
      #expect(cell.networkCalls == expected[cell.key.sampler], "\(cell.key.sampler)")
    }
    // What the network saw besides: the first step of the warm-up, and a reference with 10 and with 20 calls.
    #expect(backend.runs.count == expected.values.reduce(0, +) + 31)
    #expect(results.references.map(\.networkCalls) == [20])
  }

  @Test func whatEachIsMeasuredAgainst() throws {
    var request = ComparisonTrial.request(
      ["euler", "ddim", "dpmpp_2m", "euler_a", "dpmpp_sde", "ddpm", "lcm", "restart"], steps: [2])
    var results = try trial.run(request)
    func kinds() -> [String: ComparisonKind] {
      Dictionary(uniqueKeysWithValues: results.cells.map { ($0.key.sampler, $0.kind) })
    }
    let expected: [String: ComparisonKind] = [
      "euler": .ode, "ddim": .ode, "dpmpp_2m": .ode, "euler_a": .path, "dpmpp_sde": .path, "ddpm": .path,
      "lcm": .none, "restart": .none,
    ]
    #expect(kinds() == expected)
    for cell in results.cells {
      #expect((cell.measure == nil) == (cell.kind == .none))
      #expect(cell.notices.contains { $0.contains("nothing to converge to") } == (cell.kind == .none))
    }
    // One for all without noise, and one for each method with noise.
    #expect(
      results.references.map { $0.of?.sampler ?? "all" } == ["all", "euler_a", "dpmpp_sde", "ddpm"])
    #expect(results.references[0].sampler == "unipc" && results.references[2].networkCalls >= 19)

    let other = try ComparisonTrial()
    request.samplers = ["ddim", "euler_a", "dpm_adaptive"]
    request.shared.eta = 0.5
    results = try other.run(request)
    #expect(kinds() == ["ddim": .path, "euler_a": .path, "dpm_adaptive": .none])
    let third = try ComparisonTrial()
    request.samplers.removeLast()
    request.shared.eta = 0
    results = try third.run(request)
    #expect(kinds() == ["ddim": .ode, "euler_a": .ode] && results.references.count == 1)
  }

  @Test func fileNamesOfMethodsDiffer() {
    for system in NameSystem.allCases {
      let stems = Sampler.all.flatMap { sampler in
        Schedule.all.map {
          SamplingMethod(sampler: sampler.name(in: system), schedule: $0.name(in: system)).stem
        }
      }
      #expect(Set(stems).count == stems.count, "\(system)")
      #expect(stems.allSatisfy { $0.utf8.allSatisfy { $0 < 128 && $0 != UInt8(ascii: "/") } })
    }
  }
}
