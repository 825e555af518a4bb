import Darkroom
import Foundation
import Glibc
import SystemFiles
import Testing

import DarkroomCLI

/// Runs that share a folder at the same time.
@Suite(.serialized) struct SharedFolderTests {
  private let folder: TemporaryFolder
  private let small = ["--model", BuiltCommand.model, "--size", "64x64", "--steps", "2", "--quiet"]

  init() throws { folder = try TemporaryFolder() }

  private func together(_ commands: [[String]]) async throws -> [BuiltCommand.Result] {
    let running = try commands.map { try BuiltCommand.start($0, in: folder) }
    var results: [BuiltCommand.Result] = []
    for one in running { results.append(try await one.result()) }
    return results
  }

  @Test func everyRunHasItsOwnNames() async throws {
    let results = try await together(
      (1...6).map { ["generate", "cat", "--seed", "1", "--cfg-scale", "\($0)", "--output", "s/"] + small })
    #expect(results.allSatisfy { $0.code == 0 })
    let named = results.flatMap(\.lines).sorted()
    #expect(named == (["", "-2", "-3", "-4", "-5", "-6"].map { "s/1-cat\($0).png" }).sorted())
    // Each run finds its own picture under the name that it has told.
    for (index, result) in results.enumerated() {
      let request = try GenerationRequest.read(fromPicture: folder.path(result.lines[0]))
      #expect(request.guidanceScale == Double(index + 1))
    }
  }

  @Test func redoneTwiceAtOnce() async throws {
    let made = try await together([["generate", "cat", "--seed", "1", "--output", "a.png"] + small])
    #expect(made[0].code == 0)
    let redo = ["redo", "a.png", "--model", BuiltCommand.model, "--quiet"]
    let results = try await together([
      redo + ["--seed", "2"], redo + ["--seed", "3"], redo + ["--count", "2"],
    ])
    #expect(results.allSatisfy { $0.code == 0 })
    let expected = ["a-redo.png", "a-redo-2.png", "a-redo-3.png", "a-redo-4.png"]
    #expect(results.flatMap(\.lines).sorted() == expected.sorted())
  }

  @Test func oneRunOfARowFile() async throws {
    try folder.write("prompt\na\n", "p.csv")
    let lock = try #require(try RunLock.take(for: folder.path(".darkroom-p.csv.json")))
    let rows = ["generate", "--from", "p.csv"] + small
    let second = try await BuiltCommand.run(rows, in: folder)
    #expect(second.code == 1 && second.output.isEmpty)
    #expect(
      second.error.contains("--from: another run is at work on '.darkroom-p.csv.json'; wait for its end"))
    #expect(try await BuiltCommand.run(rows + ["--dry-run"], in: folder).code == 0)
    #expect(!folder.names.contains("0001-a.png"))
    withExtendedLifetime(lock) {}
  }

  @Test func onePreviewOfAFile() async throws {
    let lock = try #require(try RunLock.take(for: folder.path("p.png")))
    let words = ["generate", "x", "--output", "a.png", "--preview", "p.png"] + small
    let second = try await BuiltCommand.run(words, in: folder)
    #expect(second.code == 1 && second.error.contains("--preview: another run is at work on 'p.png'"))
    withExtendedLifetime(lock) {}
  }

  @Test func oneComparisonOfAFolder() async throws {
    try FileManager.default.createDirectory(atPath: folder.path("bench"), withIntermediateDirectories: true)
    let lock = try #require(try RunLock.take(for: folder.path("bench/results.json")))
    let second = try await BuiltCommand.run(
      [
        "compare", "--samplers", "euler", "--steps", "2", "--prompt", "x", "--model", BuiltCommand.model,
        "--output", "bench",
      ], in: folder)
    #expect(second.code == 1 && second.error.contains("bench/: another run compares in this folder; wait"))
    withExtendedLifetime(lock) {}
  }

  /// Two row files want one name: the first that has it keeps it.
  @Test func rowsReplaceNoFileThatCameMeanwhile() async throws {
    let test = TestConsole()
    let journal = JournalFile(folder: folder.path, rowFile: "p.csv")
    let file = try RowFile(
      csv: "prompt,output\na,x.png\nb,y.png\n", name: "p.csv", defaults: GenerationRequest(prompt: ""))
    func run(_ maker: FakeMaker) async throws -> Int32 {
      let plan = try BatchPlan(
        file, folder: folder.path, model: ModelSource(path: "m"), journal: journal.read())
      return try await Batch(plan: plan, journal: journal, maker: maker, console: test.console, json: false)
        .run()
    }
    let meanwhile = FakeMaker(beforePicture: { request in
      if request.prompt == "b" { try self.folder.write("precious", "y.png") }
    })
    await #expect {
      try await run(meanwhile)
    } throws: { "\($0)".contains("y.png' would be replaced, and no earlier run has made it") }
    #expect(try folder.data("y.png") == Data("precious".utf8) && folder.names.contains("x.png"))
    // Nor in the next run, although it has planned that name before.
    await #expect(throws: DarkroomError.self) { try await run(FakeMaker()) }
    #expect(try folder.data("y.png") == Data("precious".utf8))
  }
}
