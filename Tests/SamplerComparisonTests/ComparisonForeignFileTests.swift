import Darkroom
import Foundation
import SamplerComparison
import Testing

/// A comparison replaces no file that no comparison has written.
@Suite struct ComparisonForeignFileTests {
  private let grid = ComparisonTrial.request(["euler", "euler_a"], steps: [2], prompts: ["a"], repeats: 1)

  @Test func whatIsThereStays() throws {
    let whole = try ComparisonTrial()
    _ = try whole.run(grid)
    let names = whole.names.filter { !$0.hasSuffix(".latents") && $0 != "results.json" }
    #expect(names.count >= 5)
    for name in names {
      let trial = try ComparisonTrial()
      try trial.write(Data("mine".utf8), name)
      let error = #expect(throws: DarkroomError.self) { try trial.run(grid) }
      #expect(error?.description.contains("\(name): would be replaced") == true)
      #expect(try trial.names == [name] && trial.data(name) == Data("mine".utf8))
    }
    // Beside an earlier comparison, too.
    try whole.write(Data("mine".utf8), "report.html")
    #expect(throws: DarkroomError.self) { try whole.run(grid) }
  }

  @Test func choicesAreRefused() throws {
    let trial = try ComparisonTrial()
    let drawing = ComparisonTrial.request(["euler"], steps: [2], prompts: ["a {b|c}"])
    let error = #expect(throws: DarkroomError.self) { try trial.run(drawing) }
    #expect(error?.description.contains("has choices") == true)
    var plain = drawing
    plain.shared.promptSyntax = .plain
    _ = try trial.run(plain)
  }
}
