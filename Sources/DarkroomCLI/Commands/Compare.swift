import Darkroom
import SamplerComparison

extension Command {
  static let compare = Command(
    name: "compare", summary: "measure which sampler and schedule needs the fewest calls and seconds",
    options: comparedOptions + sharedOptions + [
      .path("output", "DIR", "folder of the pictures, the results and the report") { $0.output = $1 },
      .model, .configuration, .vae, .device, .threads, .memoryLimit, .noPackCache, .json, .quiet,
      .switch("dry-run", "say how many pictures and network calls it would take, and make nothing") {
        $0.dryRun = true
      },
    ],
    details: [
      """
      Makes every combination of samplers, schedules, steps, seeds and prompts, and measures how far each picture is
      from the one that it converges to. Samplers without noise are compared with one fine solution of the same seed;
      those with noise with more steps of themselves along the same Brownian path. Samplers for distilled models and
      restart converge to nothing, and are shown without a distance.
      """,
      """
      DIR gets the pictures, results.json, results.csv, contact-sheet.png and report.html, which needs no network. A
      run that was stopped goes on when the same command is given again; one with other samplers, schedules, steps,
      seeds or prompts adds to what is there.
      """,
    ],
    examples: [
      "darkroom compare --samplers euler,dpmpp_2m,unipc --steps 4,8,16,32 --prompt 'a red house' --output bench/",
      """
      darkroom compare --samplers dpmpp_2m_sde,euler_a --schedules karras,exponential --steps 10,20 --seeds 1,2 \
      --prompt 'a cat' --prompt 'a dog' --output bench/
      """,
    ]
  ) { invocation in
    let settings = invocation.settings
    guard let output = settings.output else {
      throw DarkroomError(.request, "no --output; expected a folder for the pictures and the report")
    }
    for (flag, isMissing) in [
      ("prompt", settings.comparison.prompts.isEmpty), ("samplers", settings.comparison.samplers.isEmpty),
      ("steps", settings.comparison.steps.isEmpty),
    ] where isMissing { throw DarkroomError(.request, "no --\(flag); expected one value at least") }
    var comparison = settings.comparison
    comparison.shared = settings.request
    let folder = output.hasSuffix("/") ? output : output + "/"
    let place = try OutputPlace(folder)
    try place.check(for: comparison.shared)
    let engine = try await invocation.engine(try invocation.model())
    if settings.dryRun {
      let plan = try await engine.plan(comparison, folder: folder)
      try invocation.show(plan)
      return ExitCode.done
    }
    try place.prepare(for: comparison.shared)
    return try await invocation.compare(comparison, by: engine, folder)
  }

  private static let comparedOptions: [Option] = [
    .list(
      "samplers", "A,B", "samplers to compare",
      expected: "names with commas, as darkroom samplers lists them", choices: Catalogue.samplers.map(\.name)
    ) {
      Catalogue.hasSampler($0) ? $0 : nil
    } set: {
      $0.comparison.samplers = $1
    },
    .list(
      "schedules", "X,Y", "schedules of each", initial: "each sampler's own",
      expected: "names with commas, as darkroom samplers lists them", choices: Catalogue.schedules.map(\.name)
    ) {
      Catalogue.hasSchedule($0) ? $0 : nil
    } set: {
      $0.comparison.schedules = $1
    },
    .list(
      "steps", "N,M", "numbers of steps of each",
      expected: "numbers from 1 to \(RequestLimits.standard.steps.upperBound) with commas"
    ) { word in
      Int(word).flatMap { RequestLimits.standard.steps.contains($0) ? $0 : nil }
    } set: {
      $0.comparison.steps = $1
    },
    .list(
      "seeds", "N,M", "seeds of each", initial: "1", expected: "whole numbers from 0 to 2^64 - 1 with commas"
    ) {
      UInt64($0)
    } set: {
      $0.comparison.seeds = $1
    },
    Option(
      name: "prompt", letter: "p", group: .prompt, placeholder: "TEXT",
      meaning: "a prompt; may be given several times",
      expected: RequestField.named("prompt")?.expected(), mayRepeat: true
    ) { settings, text in
      var request = settings.request
      guard RequestField.named("prompt")?.set(.text(text), in: &request) == true else { return false }
      settings.comparison.prompts.append(text)
      return true
    },
    .count(
      "repeats", "how often each picture is made, for times and to see whether bytes repeat", 2,
      ComparisonRequest.Limits.repeats
    ) { $0.comparison.repeats = $1 },
    .count(
      "reference-calls", "network calls of what pictures are measured against", 200,
      ComparisonRequest.Limits.referenceCalls
    ) { $0.comparison.referenceCalls = $1 },
  ]

  /// What all pictures share.
  private static let sharedOptions: [Option] = Option.fields.filter {
    ![
      "prompt", "prompts", "sampler", "schedule", "steps", "seed", "seeds", "count", "second-pass",
      "batch-noise",
      "step-noise", "batch-place",
      "guidance-start", "guidance-end",
    ].contains($0.name)
  }
}

extension Option {
  /// A flag of several values with commas between them.
  /// - Parameter parse: makes a value of a word; nil if it is not a possible one.
  fileprivate static func list<Value: Sendable>(
    _ name: String, _ placeholder: String, _ meaning: String, initial: String? = nil, expected: String,
    choices: [String] = [], parse: @escaping @Sendable (String) -> Value?,
    set: @escaping @Sendable (inout Settings, [Value]) -> Void
  ) -> Option {
    Option(
      name: name, group: .sampling, placeholder: placeholder, meaning: meaning, initial: initial,
      expected: expected,
      choices: choices, blamed: { words(of: $0).first { parse($0) == nil } }
    ) { settings, text in
      let words = words(of: text)
      let values = words.compactMap(parse)
      guard values.count == words.count else { return false }
      set(&settings, values)
      return true
    }
  }

  private static func words(of text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.drop { $0 == " " }).trimmingSuffix(" ")
    }
  }

  fileprivate static func count(
    _ name: String, _ meaning: String, _ initial: Int, _ range: ClosedRange<Int>,
    set: @escaping @Sendable (inout Settings, Int) -> Void
  ) -> Option {
    Option(
      name: name, group: .sampling, placeholder: "N", meaning: meaning, initial: "\(initial)",
      expected: "\(range.lowerBound) to \(range.upperBound)"
    ) { settings, text in
      guard let count = Int(text), range.contains(count) else { return false }
      set(&settings, count)
      return true
    }
  }
}

extension Invocation {
  fileprivate func show(_ plan: ComparisonPlan) throws {
    guard !settings.json else { return try console.result(json: plan) }
    try console.result(
      "\(plan.cells) picture\(plan.cells == 1 ? "" : "s") to make, \(plan.finished) finished; \(plan.calls) network calls, and \(plan.referenceCalls) for references"
    )
  }

  fileprivate func compare(
    _ comparison: ComparisonRequest, by engine: Engine, _ folder: String
  ) async throws -> Int32 {
    let console = console
    let outcome = try await engine.compare(comparison, folder: folder) { progress in
      let place = "picture \(min(progress.finished + 1, progress.pictures)) of \(progress.pictures)"
      let left = progress.secondsLeft.map { ", \(clock($0)) left" } ?? ""
      console.status("\(place), \(progress.label)\(left)", short: place + left, isNew: false)
    } notice: {
      console.notice($0.description)
    }
    if settings.json {
      try console.result(json: outcome)
    } else {
      for remark in outcome.remarks { console.notice(remark) }
      try console.result(outcome.verdict)
      try console.result(outcome.report)
    }
    return ExitCode.done
  }
}
