import CPUBackend
import Darkroom
import Foundation
import Graph
import Pictures
import SamplerComparison
import Testing

/// Pictures that cannot be made, and files that are not what they were.
@Suite struct ComparisonFailureTests {
  private let trial: ComparisonTrial

  init() throws { trial = try ComparisonTrial() }

  @Test func aPictureThatIsNotFiniteDoesNotStopTheRest() throws {
    let request = ComparisonTrial.request(["euler", "heun", "dpmpp_2m"], steps: [4], repeats: 2)
    let backend = try OnceSpoiltBackend()
    var notices: [String] = []
    var fractions: [Double] = []
    let results = try trial.run(request, backend) { progress in
      fractions.append(progress.fraction)
      if progress.label.hasPrefix("heun"), progress.finished == 1 { backend.spoilsNext = true }
    } notice: {
      notices.append($0.description)
    }
    let heun = try #require(results.cells(of: "heun").first)
    #expect(heun.kind == .none && heun.measure == nil && heun.samplingSeconds.count == 2)
    #expect(heun.networkCalls == 8 && heun.notices.contains { $0.contains("not finite after step") })
    // The second time there was a picture.
    #expect(heun.isRepeatable == false)
    #expect(notices.count { $0.contains("heun, leading, 4 steps, seed 1: ") } == 1)
    #expect(try Picture.decode(file: trial.path(heun.picture)).pixels.allSatisfy { $0 == 0 })
    for sampler in ["euler", "dpmpp_2m"] {
      let cell = try #require(results.cells(of: sampler).first)
      #expect(cell.kind == .ode && cell.measure != nil && cell.isRepeatable == true)
    }
    #expect(fractions == fractions.sorted() && fractions.last == 1)
    #expect(trial.names.contains("report.html"))
  }

  @Test func aReferenceThatIsNotFiniteIsNotMissed() throws {
    let request = ComparisonTrial.request(["euler", "dpmpp_2m", "euler_a"], steps: [4])
    let backend = try OnceSpoiltBackend()
    var fractions: [Double] = []
    var notices: [String] = []
    let results = try trial.run(request, backend) { progress in
      fractions.append(progress.fraction)
      if progress.label == "reference of seed 1", fractions.count == 1 { backend.spoilsNext = true }
    } notice: {
      notices.append($0.description)
    }
    #expect(results.cells.map(\.kind) == [.none, .none, .path] && results.references.count == 1)
    for cell in results.cells.prefix(2) {
      #expect(cell.notices.contains { $0.hasPrefix("there is no reference: ") && $0.contains("not finite") })
    }
    #expect(notices.count { $0.hasPrefix("reference of seed 1: ") } == 1)
    #expect(fractions == fractions.sorted() && fractions.last == 1)
  }

  @Test func repeatsTellWhetherBytesAreTheSame() throws {
    var request = ComparisonTrial.request(["euler", "euler_a", "dpmpp_2m", "heun"], steps: [2])
    #expect(try trial.run(request).cells.allSatisfy { $0.isRepeatable == nil })
    // One other picture, one that is none.
    try trial.write(trial.data("p1-s1-euler_a-leading-2.png"), "p1-s1-euler-leading-2.png")
    try trial.write(Data("no picture".utf8), "p1-s1-heun-leading-2.png")
    request.repeats = 2
    let results = try trial.run(request)
    #expect(results.cells.map(\.isRepeatable) == [false, true, true, false])
    #expect(results.cells[3].notices.contains { $0.contains("could not be read") })
    // That is mended, and repeats do not forget.
    _ = try Picture.decode(file: trial.path("p1-s1-heun-leading-2.png"))
    request.repeats = 3
    #expect(try trial.run(request).cells.map(\.isRepeatable) == [false, true, true, false])
  }

  @Test func noticesComeOnce() throws {
    let long = (0..<100).map { "word\($0)" }.joined(separator: " ")
    var notices: [String] = []
    let request = ComparisonTrial.request(["euler"], steps: [1], prompts: [long, "b"], repeats: 3)
    try trial.run(request, notice: { notices.append($0.description) })
    #expect(notices.count == 1 && notices[0].contains("pieces"), "\(notices)")
  }
}

/// The processor; one answer of the network is not a number when a test asks for that.
private final class OnceSpoiltBackend: Backend {
  private let backend: CPUBackend
  var spoilsNext = false

  init() throws { backend = try CPUBackend(threads: 2) }

  var summary: String { backend.summary }
  var storages: [Storage] { backend.storages }
  var bytesHeld: Int { backend.bytesHeld }
  var arenaBytesHeld: Int { backend.arenaBytesHeld }
  func arenaBytes(_ plan: Plan) -> Int { backend.arenaBytes(plan) }
  func scratchBytes(_ plan: Plan) -> Int { backend.scratchBytes(plan) }
  func weightBytes(_ plans: [Plan]) -> Int { backend.weightBytes(plans) }
  func missingWeightBytes(_ plans: [Plan]) -> Int { backend.missingWeightBytes(plans) }
  func dropValues() { backend.dropValues() }
  func dropParameters(of source: any WeightSource) { backend.dropParameters(of: source) }

  func prepare(_ plan: Plan) throws -> any Program { Spoilt(self, try backend.prepare(plan)) }

  private final class Spoilt: Program {
    let owner: OnceSpoiltBackend
    let program: any Program

    init(_ owner: OnceSpoiltBackend, _ program: any Program) { (self.owner, self.program) = (owner, program) }

    func write(_ values: UnsafeBufferPointer<Float>, to input: String) { program.write(values, to: input) }
    func run(_ rate: Rate, check: () throws -> Void) throws { try program.run(rate, check: check) }

    func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
      program.read(output, into: values)
      guard output == "prediction", owner.spoilsNext else { return }
      owner.spoilsNext = false
      values[values.count / 2] = .nan
    }
  }
}
