import Darkroom
import Foundation
import Glibc
import SamplerComparison
import Testing

/// `darkroom compare`, its flags and what it leaves behind.
@Suite(.serialized) struct CompareCommandTests {
  private let folder: TemporaryFolder
  private static let small = [
    "compare", "--model", BuiltCommand.model, "--size", "64x64", "--reference-calls", "20", "--output", "out",
  ]

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String...) async throws -> BuiltCommand.Result {
    try await BuiltCommand.run(Self.small + words, in: folder)
  }

  private struct Results: Decodable {
    struct Cell: Decodable {
      struct Key: Decodable {
        let sampler, schedule: String
        let steps, prompt: Int
        let seed: UInt64
      }
      let key: Key
      let picture: String
      let sampling_seconds: [Double]
    }
    struct Setting: Decodable {
      let guidance_scale: Double
      let negative_prompt, noise, precision: String
      let width, height: Int
    }
    let setting: Setting
    let prompts: [String]
    let cells: [Cell]
  }

  private func results() throws -> Results {
    try JSONDecoder().decode(Results.self, from: folder.data("out/results.json"))
  }

  /// Of what the command prints.
  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  @Test func theVerdictAndTheReport() async throws {
    let result = try await run(
      "--samplers", "euler, dpmpp_2m", "--steps", "2,3", "--seeds", "7,8", "--schedules", "karras,trailing",
      "--prompt", "a", "--prompt", "b", "--prompt=a", "--repeats", "1", "--negative", "fog", "--cfg-scale",
      "3",
      "--precision", "float32")
    #expect(result.code == 0, "\(result.error)")
    #expect(result.lines.count == 2 && result.lines[0].hasSuffix(".") && result.lines[1] == "out/report.html")
    #expect(result.error.contains("picture 1 of 32, ") && result.error.contains("Times are of sampling; "))
    let results = try results()
    #expect(results.prompts == ["a", "b"] && results.cells.count == 32)
    #expect(results.cells.map(\.key.seed).prefix(8).allSatisfy { $0 == 7 })
    #expect(results.cells.allSatisfy { $0.sampling_seconds.count == 1 })
    let setting = results.setting
    #expect(setting.guidance_scale == 3 && setting.negative_prompt == "fog" && setting.precision == "float32")
    #expect(setting.width == 64 && setting.height == 64)

    let picture = results.cells[31].picture
    #expect(picture == "p2-s8-dpmpp_2m-trailing-3.png")
    let redone = try await BuiltCommand.run(
      ["redo", "out/\(picture)", "--model", BuiltCommand.model, "--output", "again.png"], in: folder)
    #expect(redone.code == 0, "\(redone.error)")
    #expect(try folder.data("again.png") == folder.data("out/\(picture)"))
  }

  @Test func jsonAndQuiet() async throws {
    let words = ["--samplers", "euler", "--steps", "2", "--prompt", "a", "--json", "--quiet"]
    for (made, kept) in [(1, 0), (0, 1)] {
      let result = try await BuiltCommand.run(Self.small + words, in: folder)
      #expect(result.code == 0 && result.error.isEmpty && result.lines.count == 1, "\(result.error)")
      let outcome = try Self.decoder.decode(ComparisonOutcome.self, from: Data(result.output.utf8))
      #expect(outcome.made == made && outcome.kept == kept && outcome.report == "out/report.html")
      let files = [outcome.report, outcome.results, outcome.table] + outcome.contactSheets
      for file in files { #expect(try !folder.data(file).isEmpty) }
    }
    // Twice each by default.
    #expect(try results().cells[0].sampling_seconds.count == 2)
  }

  @Test func aDryRunMakesNothing() async throws {
    var result = try await run("--samplers", "euler,heun", "--steps", "2", "--prompt", "a", "--dry-run")
    #expect(result.code == 0 && folder.names.isEmpty, "\(result.error)")
    #expect(result.output == "2 pictures to make, 0 finished; 12 network calls, and 30 for references\n")
    result = try await run(
      "--samplers", "lcm", "--steps", "2", "--prompt", "a", "--dry-run", "--json", "--repeats", "1")
    let plan = try Self.decoder.decode(ComparisonPlan.self, from: Data(result.output.utf8))
    #expect(plan.cells == 1 && plan.finished == 0 && plan.calls == 2 && plan.referenceCalls == 0)
    #expect(folder.names.isEmpty)
  }

  static let wrong: [([String], String)] = [
    (["--samplers", "euler", "--steps", "2"], "no --prompt; expected one value at least"),
    (["--prompt", "a", "--steps", "2"], "no --samplers; expected one value at least"),
    (["--prompt", "a", "--samplers", "euler"], "no --steps; expected one value at least"),
    (
      ["--samplers", "euler,dpmp_2m,heun"],
      "--samplers: 'dpmp_2m' is not possible; expected names with commas, as darkroom samplers lists them;"
        + " did you mean dpmpp_2m or "
    ),
    (["--samplers", "euler,,heun"], "--samplers: '' is not possible; expected names with commas, "),
    (["--samplers", ""], "--samplers: '' is not possible; "),
    (
      ["--schedules", "trailing,karas"],
      "--schedules: 'karas' is not possible; expected names with commas, as darkroom samplers lists them;"
        + " did you mean karras?"
    ),
    (["--steps", "4,0"], "--steps: '0' is not possible; expected numbers from 1 to 150 with commas"),
    (["--steps", "4,x"], "--steps: 'x' is not possible; "),
    (["--steps", "151"], "--steps: '151' is not possible; "),
    (
      ["--seeds", "1,-1"],
      "--seeds: '-1' is not possible; expected whole numbers from 0 to 2^64 - 1 with commas"
    ),
    (["--repeats", "0"], "--repeats: '0' is not possible; expected 1 to 100"),
    (["--reference-calls", "19"], "--reference-calls: '19' is not possible; expected 20 to 1000"),
    (["--sampler", "euler"], "unknown flag '--sampler'; did you mean --samplers"),
    (["--guidance-start", "0.1"], "unknown flag '--guidance-start'"),
    (["--step-noise", "brownian"], "unknown flag "),
    (["--count", "2"], "unknown flag '--count'"), (["a"], "unexpected argument 'a'"),
    (["--steps", "2", "--steps", "3"], "--steps: is given twice; expected once"),
  ]

  @Test(arguments: wrong) func wrongUseIsOneLine(words: [String], message: String) async {
    let test = TestConsole()
    #expect(await test.run(["compare", "--output", "/nowhere/out"] + words) == 2)
    #expect(test.error.hasPrefix("darkroom: \(message)"), "\(test.error)")
    #expect(
      test.error.hasSuffix("\n") && test.error.dropLast().allSatisfy { $0 != "\n" } && test.output.isEmpty)
  }

  @Test func theFolderIsNeeded() async throws {
    let grid = ["--samplers", "euler", "--steps", "2", "--prompt", "a"]
    let test = TestConsole()
    #expect(await test.run(["compare"] + grid) == 2)
    #expect(test.error == "darkroom: no --output; expected a folder for the pictures and the report\n")
    try folder.write("", "file")
    let other = TestConsole()
    #expect(await other.run(["compare"] + grid + ["--output", folder.path("file")]) == 1)
    #expect(other.error.contains("there is no folder"))
  }

  @Test func anotherComparisonIsRefused() async throws {
    let grid = ["--samplers", "euler", "--steps", "2", "--prompt", "a", "--repeats", "1"]
    #expect(try await BuiltCommand.run(Self.small + grid, in: folder).code == 0)
    let other = try await BuiltCommand.run(Self.small + grid + ["--cfg-scale", "3"], in: folder)
    #expect(other.code == 2 && other.errorLines.count == 1)
    #expect(
      other.error.contains("holds a comparison with cfg_scale 7.5, this one has 3.0; expected another folder")
    )
    try folder.write("{}", "out/results.json")
    let broken = try await BuiltCommand.run(Self.small + grid, in: folder)
    #expect(broken.code == 2 && broken.error.contains("out/results.json: cannot be continued: "))
    #expect(try folder.data("out/results.json") == Data("{}".utf8))
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGKILL, -SIGKILL)])
  func whatIsFinishedIsKept(signal: Int32, code: Int32) async throws {
    let grid = [
      "--samplers", "euler,heun,dpmpp_2m", "--steps", "20,30,40", "--seeds", "1,2,3", "--prompt", "a",
    ]
    let running = try BuiltCommand.start(Self.small + grid, in: folder)
    // The third, so that two are finished.
    #expect(
      try running.waits {
        FileManager.default.fileExists(atPath: folder.path("out/p1-s1-euler-leading-40.png"))
      })
    running.send(signal)
    let first = try await running.result()
    #expect(first.code == code && first.output.isEmpty)
    if signal == SIGINT { #expect(first.errorLines.last == "darkroom: interrupted") }
    let kept = try results()
    // A process that is killed cannot write what it held back.
    #expect((signal == SIGINT ? 2..<27 : 0..<27).contains(kept.cells.count))
    #expect(!folder.names.contains("out/report.html"))
    let pictures = try kept.cells.map { try folder.data("out/\($0.picture)") }

    let second = try await BuiltCommand.run(Self.small + grid + ["--repeats", "1"], in: folder)
    #expect(second.code == 0, "\(second.error)")
    let all = try results()
    #expect(all.cells.count == 27)
    #expect(all.cells.prefix(kept.cells.count).map(\.sampling_seconds) == kept.cells.map(\.sampling_seconds))
    #expect(try kept.cells.map { try folder.data("out/\($0.picture)") } == pictures)
  }
}
