import Foundation
import Testing

import Darkroom
import DarkroomCLI

@Suite struct BatchTests {
  private let folder: TemporaryFolder
  private let model = ModelSource(path: "m")

  init() throws { folder = try TemporaryFolder() }

  private var journal: JournalFile { JournalFile(folder: folder.path, rowFile: "p.csv") }

  private func plan(_ csv: String, model: ModelSource? = nil) throws -> BatchPlan {
    let file = try RowFile(csv: csv, name: "p.csv", defaults: GenerationRequest(prompt: ""))
    #expect(file.problems.isEmpty)
    return try BatchPlan(
      file, folder: folder.path, model: model ?? self.model, journal: try journal.read())
  }

  /// Runs a file as the command does; the prompts of what was made.
  @discardableResult
  private func run(
    _ csv: String, _ maker: FakeMaker = FakeMaker(), _ test: TestConsole = TestConsole(), json: Bool = false
  ) async throws -> Int32 {
    try await Batch(plan: plan(csv), journal: journal, maker: maker, console: test.console, json: json).run()
  }

  private var pictures: [String] { folder.names.filter { !$0.hasPrefix(".") } }

  private func text(_ name: String) throws -> String {
    String(decoding: try folder.data(name), as: UTF8.self)
  }

  @Test func makesAllRows() async throws {
    let test = TestConsole()
    let csv = "prompt,seed,count,output\nA cat,5,,\nA dog,6,2,\nbird,7,,b.jpg\nfish,8,2,f.webp\n"
    #expect(try await run(csv, FakeMaker(), test) == 0)
    #expect(
      pictures == ["0001-a-cat.png", "0002-a-dog-1.png", "0002-a-dog-2.png", "b.jpg", "f-1.webp", "f-2.webp"])
    #expect(try text("0002-a-dog-2.png") == "A dog 7" && text("f-2.webp") == "fish 9")
    let paths = test.output.split(separator: "\n").map { String($0.dropFirst(folder.path.count + 1)) }
    #expect(
      paths == ["0001-a-cat.png", "0002-a-dog-1.png", "0002-a-dog-2.png", "b.jpg", "f-1.webp", "f-2.webp"])
    #expect(test.error.hasPrefix("row 1 of 4, sampling, step 1/25"))
  }

  @Test func resultsAsJSON() async throws {
    struct Line: Decodable {
      let row: Int
      let path: String
      let seed: UInt64
      let width: Int
      let height: Int
      let seconds: Double
      let request: GenerationRequest
    }
    let test = TestConsole()
    let maker = FakeMaker(beforePicture: { _ in test.wait(1.5) })
    #expect(try await run("prompt,seed\na,5\nb,9\n", maker, test, json: true) == 0)
    let lines = try test.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(
      lines.map(\.row) == [1, 2] && lines.map(\.seed) == [5, 9] && lines.map(\.seconds) == [1.5, 1.5])
    #expect(lines[1].path == folder.path("0002-b.png") && lines[1].width == 8 && lines[1].height == 16)
    #expect(lines[1].request.prompt == "b")
  }

  @Test func goesOnWhereItWasStopped() async throws {
    let csv = "prompt,count\na,1\nb,3\nc,1\n"
    let test = TestConsole()
    let stopped = FakeMaker(beforePicture: { request in
      if request.prompt == "b", FileManager.default.fileExists(atPath: self.folder.path("0002-b-2.png")) {
        throw CancellationError()
      }
    })
    await #expect(throws: CancellationError.self) { try await run(csv, stopped, test) }
    #expect(pictures == ["0001-a.png", "0002-b-1.png", "0002-b-2.png"])
    #expect(test.error.contains("1 of 3 rows are done; the same command goes on from there"))
    let before = try journal.read()
    let first = try text("0002-b-1.png")

    let second = FakeMaker()
    let again = TestConsole()
    #expect(try await run(csv, second, again) == 0)
    #expect(second.pictures.map(\.prompt) == ["b", "c"])
    #expect(again.error.hasPrefix("darkroom: 1 of 3 rows are there already\nrow 2 of 3, "))
    let seed = try #require(before.rows[2]?.seed)
    #expect(second.pictures[0].seed == seed + 2)
    #expect(second.pictures[1].seed == before.rows[3]?.seed)
    #expect(try text("0002-b-1.png") == first && text("0002-b-3.png") == "b \(seed + 2)")

    let third = FakeMaker()
    #expect(try await run(csv, third) == 0)
    #expect(third.pictures.isEmpty)
  }

  @Test func changedRowsAreMadeAgain() async throws {
    try await run("prompt,steps\na,3\nb,3\n")
    let seed = try #require(try journal.read().rows[1]?.seed)
    let maker = FakeMaker()
    try await run("prompt,steps\na,3\nb,4\nc,5\n", maker)
    #expect(maker.pictures.map(\.prompt) == ["b", "c"])
    #expect(try journal.read().rows[1]?.seed == seed)
    let other = FakeMaker()
    let test = TestConsole()
    let plan = try plan("prompt,steps\na,3\nb,4\nc,5\n", model: ModelSource(path: "other"))
    _ = try await Batch(plan: plan, journal: journal, maker: other, console: test.console, json: false).run()
    #expect(other.pictures.count == 3)
  }

  @Test func removedFilesAreMadeAgain() async throws {
    let csv = "prompt,count\na,3\nb,1\n"
    try await run(csv)
    let seed = try #require(try journal.read().rows[1]?.seed)
    try FileManager.default.removeItem(atPath: folder.path("0001-a-2.png"))
    let maker = FakeMaker()
    try await run(csv, maker)
    #expect(maker.pictures.map(\.seed) == [seed + 1, seed + 2])
  }

  @Test func modelsAreTheSameByAnyPath() throws {
    let row = Row(number: 1, line: 1, request: GenerationRequest(prompt: "a"), output: nil)
    let parent = URL(fileURLWithPath: folder.path).deletingLastPathComponent().path
    let detour = "\(parent)/./\(URL(fileURLWithPath: folder.path).lastPathComponent)/"
    let short = try row.hash(model: ModelSource(path: folder.path))
    #expect(try short == row.hash(model: ModelSource(path: detour)))
    #expect(try short != row.hash(model: ModelSource(path: parent)))
    #expect(try row.hash(model: ModelSource(path: "m")) != row.hash(model: ModelSource(path: "n")))
    #expect(
      try row.hash(model: ModelSource(path: "m"))
        != row.hash(model: ModelSource(path: "m", configuration: "c")))
  }

  @Test func failingRowsAreReportedAndOthersGoOn() async throws {
    let test = TestConsole()
    let maker = FakeMaker(beforePicture: { request in
      if request.prompt == "b" { throw DarkroomError(.nonFinite, "step 3: NaN") }
      if request.prompt == "d" { throw DarkroomError(.request, "prompt: bad") }
    })
    #expect(try await run("prompt\na\nb\nc\nd\n", maker, test) == 1)
    #expect(pictures == ["0001-a.png", "0003-c.png"])
    #expect(test.error.contains("darkroom: p.csv, row 2: step 3: NaN\n"))
    #expect(
      test.error.hasSuffix("darkroom: p.csv, row 4: prompt: bad\ndarkroom: p.csv: 2 of 4 rows failed\n"))
    let second = FakeMaker()
    #expect(try await run("prompt\na\nb\nc\nd\n", second) == 0)
    #expect(second.pictures.map(\.prompt) == ["b", "d"])
  }

  @Test(arguments: [DarkroomError.Kind.model, .output])
  func failuresOfAllRowsEndTheRun(kind: DarkroomError.Kind) async throws {
    let maker = FakeMaker(beforePicture: { request in
      if request.prompt == "b" { throw DarkroomError(kind, "disk full") }
    })
    await #expect(throws: DarkroomError.self) { try await run("prompt\na\nb\nc\n", maker) }
    #expect(pictures == ["0001-a.png"])
  }

  @Test func foreignFilesAreNotReplaced() async throws {
    try folder.write("precious", "0002-b.png")
    await #expect {
      try await run("prompt\na\nb\n")
    } throws: { error in
      (error as? DarkroomError)?.kind == .output && "\(error)".contains("0002-b.png' would be replaced")
    }
    #expect(try text("0002-b.png") == "precious" && pictures == ["0002-b.png"])
  }

  @Test(arguments: ["prompt,output\na,x.png\nb,x.png\n", "prompt,output,count\na,x.png,2\nb,x-2.png,1\n"])
  func twoRowsCannotShareAFile(csv: String) throws {
    #expect { try plan(csv) } throws: { "\($0)".hasSuffix("is also that of row 1") }
  }

  @Test func damagedJournalsAreNamed() throws {
    for text in ["", "{", "[]", "{\"version\":2,\"rows\":{}}", "{\"version\":1,\"rows\":{\"x\":{}}}"] {
      try folder.write(text, ".darkroom-p.csv.json")
      #expect { try journal.read() } throws: { "\($0)".contains("remove it to start from the first row") }
    }
    let odd = "{\"version\":1,\"rows\":{\"1\":{\"hash\":\"\",\"seed\":1,\"files\":[],\"finished\":-7}}}"
    try folder.write(odd, ".darkroom-p.csv.json")
    #expect(throws: Never.self) { try plan("prompt\na\n") }
  }

  @Test func strangeCountsInAJournalAreHarmless() async throws {
    try await run("prompt\na\n")
    var damaged = try journal.read()
    for finished in [Int.min, -1, 2, Int.max] {
      damaged.rows[1]?.finished = finished
      try journal.write(damaged)
      let item = try #require(try plan("prompt\na\n").items.first)
      #expect((0...1).contains(item.entry.finished))
    }
  }

  @Test func journalsAreReplacedAsAWhole() throws {
    let value = Journal(rows: [3: Journal.Entry(hash: "ab", seed: .max, files: ["x.png"])])
    try journal.write(value)
    try journal.write(value)
    #expect(try journal.read() == value)
    #expect(folder.names == [".darkroom-p.csv.json"])
    #expect(throws: DarkroomError.self) {
      try JournalFile(folder: folder.path("none"), rowFile: "p.csv").write(value)
    }
  }

  @Test func singleRequests() async throws {
    let test = TestConsole()
    let invocation = Invocation(settings: Settings(), words: [], console: test.console, environment: [:])
    var request = GenerationRequest(prompt: "A cat")
    (request.seed, request.count) = (5, 2)
    for _ in 0..<2 { try await invocation.make(request, to: .folder(folder.path), by: FakeMaker()) }
    #expect(pictures == ["5-a-cat-2.png", "5-a-cat.png", "6-a-cat-2.png", "6-a-cat.png"])
    #expect(test.output.split(separator: "\n").count == 4)
  }
}
