import Darkroom
import Foundation
import PipelineTestSupport
import SamplerComparison
import Synchronization
import Testing

/// A comparison that was stopped goes on; one that is another is refused.
@Suite struct ComparisonResumeTests {
  private let trial: ComparisonTrial
  private static let grid = ComparisonTrial.request(
    ["euler", "euler_a", "dpmpp_2m", "lcm"], steps: [2, 3], prompts: ["a", "b"], repeats: 2)

  init() throws { trial = try ComparisonTrial() }

  /// Runs until `isEnough`, which cancels the task.
  private func cancelled(_ request: ComparisonRequest, when isEnough: @escaping (ComparisonProgress) -> Bool)
    async
  {
    let runner = Result {
      try trial.runner(request) { progress in
        if isEnough(progress) { withUnsafeCurrentTask { $0?.cancel() } }
      }
    }
    nonisolated(unsafe) let work = runner
    let result = await Task { _ = try work.get().run() }.result
    #expect(throws: CancellationError.self) { try result.get() }
  }

  @Test(arguments: [13, 30]) func aStoppedRunGoesOn(pictures: Int) async throws {
    let whole = try ComparisonTrial()
    let expected = try whole.run(Self.grid).timeless
    await cancelled(Self.grid) { $0.finished == pictures && !$0.label.contains("reference") }
    let kept = try trial.results()
    #expect(kept.cells.reduce(0) { $0 + $1.samplingSeconds.count } == pictures)
    let inodes = try kept.cells.map { try trial.inode($0.picture) }

    let backend = try RecordingBackend(bytesAvailable: nil)
    let runner = try trial.runner(Self.grid, backend)
    let plan = runner.plan
    #expect(
      plan.finished == kept.cells.count { $0.samplingSeconds.count == 2 } && plan.cells + plan.finished == 16)
    let outcome = try runner.run()
    #expect(outcome.kept == plan.finished && outcome.made == plan.cells)
    let results = try trial.results()
    #expect(results.timeless == expected)
    #expect(try kept.cells.map { try trial.inode($0.picture) } == inodes)
    // The same times for what was finished.
    for (cell, before) in zip(results.cells, kept.cells) {
      #expect(cell.samplingSeconds.starts(with: before.samplingSeconds))
    }
    // Nothing but what the plan says, and the first step after each prompt is encoded.
    let warmUps = backend.runs.count - plan.calls - plan.referenceCalls
    #expect((1...4).contains(warmUps), "\(warmUps)")
    #expect(trial.names == whole.names)
  }

  @Test func nothingIsLeftToDo() throws {
    let first = try trial.run(Self.grid)
    let backend = try RecordingBackend(bytesAvailable: nil)
    let again = try trial.run(Self.grid, backend)
    #expect(again == first && backend.runs.isEmpty)
  }

  @Test func progressIsOfTheWholeGrid() throws {
    var fractions: [Double] = []
    var finished: [Int] = []
    var left: [Double] = []
    try trial.run(Self.grid) { progress in
      fractions.append(progress.fraction)
      finished.append(progress.finished)
      #expect(progress.pictures == 32)
      if let seconds = progress.secondsLeft { left.append(seconds) }
    }
    #expect(fractions == fractions.sorted() && fractions.allSatisfy { (0...1).contains($0) })
    #expect(fractions.last == 1 && finished == finished.sorted() && finished.last == 31)
    #expect(left.count == fractions.count && left.last == 0)
  }

  @Test func fineReferencesAreUsedAgain() throws {
    let request = ComparisonTrial.request(["euler", "euler_a"], steps: [2, 3])
    let first = try trial.run(request)
    let inodes = try first.references.map { try trial.inode($0.picture) }
    var more = request
    more.steps = [2, 3, 4]
    var backend = try RecordingBackend(bytesAvailable: nil)
    #expect(try trial.runner(more).plan.referenceCalls == 0)
    var results = try trial.run(more, backend)
    #expect(backend.runs.count == 4 + 4 + 1 && results.references == first.references)
    #expect(try first.references.map { try trial.inode($0.picture) } == inodes)

    // Without its latents one is made again; one whose file is cut is as good as none.
    try trial.remove("reference-p1-s1.latents")
    more.steps = [2, 3, 4, 5]
    #expect(try trial.runner(more).plan.referenceCalls == 30)
    let cut = try trial.data("reference-p1-s1-euler_a-karras.latents").dropLast()
    try trial.write(cut, "reference-p1-s1-euler_a-karras.latents")
    backend = try RecordingBackend(bytesAvailable: nil)
    results = try trial.run(more, backend)
    #expect(backend.runs.count == 5 + 5 + 60 + 1 && results.references == first.references)
    let whole = try ComparisonTrial()
    #expect(try whole.run(more).timeless == results.timeless)
  }

  @Test func aPictureThatIsGoneIsMadeAgain() throws {
    let request = ComparisonTrial.request(["euler", "dpmpp_2m"], steps: [2, 3])
    let first = try trial.run(request)
    try trial.remove("p1-s1-euler-leading-3.png")
    #expect(try trial.runner(request).plan.cells == 1)
    #expect(try trial.run(request).timeless == first.timeless)
    #expect(trial.names.contains("p1-s1-euler-leading-3.png"))
  }

  @Test func moreCanBeAdded() throws {
    var request = ComparisonTrial.request(["euler"], steps: [2])
    let first = try trial.run(request)
    request.samplers = ["dpmpp_2m"]
    let second = try trial.run(request)
    #expect(second.cells.map(\.key.sampler) == ["euler", "dpmpp_2m"] && second.cells[0] == first.cells[0])
    request.prompts = ["a heart"]
    let third = try trial.run(request)
    #expect(third.prompts == ["a boat", "a heart"] && third.cells.map(\.key.prompt) == [0, 0, 1])
    #expect(Array(third.cells.prefix(2)) == second.cells && third.references.map(\.prompt) == [0, 1])
    (request.prompts, request.samplers, request.repeats) = (["a heart", "a boat"], ["euler", "dpmpp_2m"], 3)
    let fourth = try trial.run(request)
    #expect(fourth.cells.count == 4 && fourth.cells.allSatisfy { $0.samplingSeconds.count == 3 })
    #expect(fourth.setting.repeats == 3 && fourth.prompts == third.prompts)
    let euler = try #require(fourth.cells.first { $0.key == first.cells[0].key })
    #expect(euler.samplingSeconds[0] == first.cells[0].samplingSeconds[0] && euler.isRepeatable == true)
    #expect(euler.measure == first.cells[0].measure)
  }

  static let others: [(String, ComparisonTrial.Change)] = [
    ("cfg_scale 2.0, this one has 3.0", { $0.shared.guidanceScale = 3 }),
    ("width 64", { $0.shared.width = 72 }), ("height 64", { $0.shared.height = 72 }),
    ("negative_prompt", { $0.shared.negativePrompt = "fog" }),
    ("precision", { $0.shared.precision = .bfloat16 }),
    ("nvidia", { $0.shared.noise = .nvidia }), ("eta 0.5", { $0.shared.eta = 0.5 }),
    ("clip skip 1", { $0.shared.clipSkip = 1 }),
    ("guidance rescale 0.5", { $0.shared.guidanceRescale = 0.5 }),
    ("prompt syntax plain", { $0.shared.promptSyntax = .plain }),
    ("prompt mode truncate", { $0.shared.promptMode = .truncate }),
    ("rules of comfyui", { $0.shared.system = .comfyui }),
    ("reference_calls 20, this one has 40", { $0.referenceCalls = 40 }),
  ]

  @Test func otherSettingsAreRefused() throws {
    let first = ComparisonTrial.request(["euler"], steps: [2])
    try trial.run(first)
    let before = try trial.data("results.json")
    for (field, change) in Self.others {
      var request = first
      change(&request)
      let error = #expect(throws: DarkroomError.self, "\(field)") { try trial.run(request) }
      #expect(error?.kind == .request)
      #expect(error?.description.contains(field) == true, "\(String(describing: error))")
      #expect(error?.description.contains(trial.folder) == true)
    }
    #expect(try trial.data("results.json") == before)
  }

  /// A copy of a model is the same model; one of that name with other numbers is not.
  @Test func otherWeightsOfTheSameNameAreRefused() throws {
    let request = ComparisonTrial.request(["euler"], steps: [2])
    try trial.run(request)
    let place = try ComparisonTrial()
    let model = place.path("sd1_tiny")
    try FileManager.default.copyItem(atPath: TinyModel.folder, toPath: model)
    #expect(try trial.runner(request, model: model).plan.cells == 0)
    let files = try FileManager.default.subpathsOfDirectory(atPath: model)
    let unet = try #require(files.first { $0.hasPrefix("unet/") && $0.hasSuffix(".safetensors") })
    var bytes = try place.data("sd1_tiny/\(unet)")
    let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    bytes[8 + header] ^= 1
    try place.write(bytes, "sd1_tiny/\(unet)")
    let error = #expect(throws: DarkroomError.self) { try trial.runner(request, model: model) }
    #expect(error?.description.contains("comparison with weights ") == true, "\(String(describing: error))")
  }

  @Test(arguments: ["", "{", "[]", "{\"setting\": 7}", "not json"])
  func whatIsNoComparisonIsLeftAlone(text: String) throws {
    try trial.write(Data(text.utf8), "results.json")
    let error = #expect(throws: DarkroomError.self) {
      try trial.run(ComparisonTrial.request(["euler"], steps: [2]))
    }
    #expect(error?.kind == .request)
    #expect(error?.description.hasPrefix("\(trial.path("results.json")): cannot be continued: ") == true)
    #expect(try trial.data("results.json") == Data(text.utf8) && trial.names == ["results.json"])
  }

  /// Whenever the process dies, the results can be read, and every picture that they name is there.
  @Test func resultsCanBeReadAtAnyTime() throws {
    var seen: Set<Int> = []
    try trial.run(Self.grid) { [trial] _ in
      guard trial.names.contains("results.json") else { return }
      guard let results = try? trial.results() else { return #expect(Bool(false), "unreadable") }
      seen.insert(results.cells.count)
      let names = Set(trial.names)
      #expect(results.cells.allSatisfy { names.contains($0.picture) })
      #expect(results.references.allSatisfy { names.contains($0.picture) })
    }
    #expect(seen.count > 2)
  }
}
