import SamplerComparison
import Glibc
import Testing

@Suite struct SummaryTests {
  /// numpy's quantiles of the same numbers.
  @Test func quartilesAreInterpolated() throws {
    let spread = try #require(Spread([4, 1, 3, 10]))
    #expect(spread.median == 3.5 && spread.lowerQuartile == 2.5 && spread.upperQuartile == 5.5)
    #expect(Spread([]) == nil)
    #expect(Spread([7])?.upperQuartile == 7)
  }

  @Test func orderIsTheSlope() throws {
    let summary = ComparisonSummary(Samples.results(uncertainty: 0))
    for (method, expected) in zip(summary.methods, Samples.methods) {
      let order = try #require(method.order)
      // References of the path kind are known to 0.004 only.
      #expect(abs(order.order - expected.order) < 1e-9)
      #expect(order.points == 10)
      #expect(order.fewestCalls == 4 * expected.callsPerStep && order.mostCalls == 64 * expected.callsPerStep)
    }
  }

  /// One seed is ten times as hard and has only its worst cells above the uncertainty: a single line through all
  /// would be tilted.
  @Test func eachSeedHasItsOwnOffset() throws {
    let cells = [(UInt64(1), 10.0, [4, 8]), (2, 1.0, [16, 32])].flatMap { seed, factor, steps in
      steps.map { record(calls: $0, seed: seed, error: factor * pow(Double($0), -2)) }
    }
    let order = try #require(summary(cells).methods.first?.order)
    #expect(abs(order.order - 2) < 1e-9 && order.points == 4)
  }

  @Test func whatIsBelowTheUncertaintyDoesNotCount() throws {
    // From 32 calls on the error is a floor that the reference makes.
    let cells = [4, 8, 16, 32, 64].map { record(calls: $0, seed: 1, error: max(0.002, pow(Double($0), -2))) }
    let order = try #require(summary(cells, uncertainty: 0.0025).methods.first?.order)
    #expect(abs(order.order - 2) < 1e-9 && order.points == 3 && order.mostCalls == 16)
    #expect(summary(cells, uncertainty: 0.005).methods.first?.order == nil)
    #expect(summary(Array(cells[..<2])).methods.first?.order == nil)
    let none = cells.map { record(calls: $0.networkCalls, seed: 1, error: 0, kind: .none) }
    #expect(summary(none).methods.first?.order == nil)
  }

  @Test func stepsAreMedians() throws {
    let cells = [0.1, 0.2, 0.4].enumerated().map { index, error in
      record(calls: 8, seed: UInt64(index), error: error, seconds: [Double(index), Double(index) + 0.5])
    }
    let step = try #require(summary(cells).methods.first?.steps.first)
    #expect(step.cells == 3 && step.networkCalls == 8)
    #expect(step.latentRMSE?.median == 0.2)
    #expect(
      step.seconds.median == 1.25 && step.seconds.lowerQuartile == 0.625
        && step.seconds.upperQuartile == 1.875)
  }

  /// From 24 dB at 4 calls to 36 dB at 16: 30 dB at 8 on a logarithmic axis.
  @Test func needsAreInterpolatedOverTheLogarithm() throws {
    let cells = [(4, 24.0), (16, 36.0)].map {
      record(calls: $0, seed: 1, psnr: $1, seconds: [0.1 * Double($0)])
    }
    let needs = try #require(summary(cells).methods.first?.needs)
    let twenty = try #require(needs[0])
    #expect(twenty.networkCalls == 4 && twenty.isFewestTried && twenty.isMeasured)
    let thirty = try #require(needs[2])
    #expect(abs(thirty.networkCalls - 8) < 1e-9 && abs(thirty.seconds - 0.8) < 1e-9)
    #expect(thirty.steps == 8 && !thirty.isFewestTried && !thirty.isMeasured)
    // 4 * 4^(11/12) = 14.25, so 15 whole steps.
    #expect(needs[3]?.steps == 15)
    #expect(needs[4] == nil)
  }

  @Test func stepsOfTwoCallsStayWhole() throws {
    let cells = [(4, 24.0), (16, 36.0)].map { steps, psnr in
      record(calls: 2 * steps, steps: steps, seed: 1, psnr: psnr)
    }
    let need = try #require(summary(cells).methods.first?.needs[1])
    // 8 * 4^(1/12) = 8.98 calls, that is 4.49 steps.
    #expect(need.steps == 5 && need.networkCalls == 10)
  }

  @Test func theFrontIsWhatNothingBeats() {
    let cells = [
      record("a", calls: 4, seed: 1, psnr: 20, seconds: [1]),
      record("a", calls: 8, seed: 1, psnr: 30, seconds: [2]),
      record("b", calls: 4, seed: 1, psnr: 20, seconds: [1.5]),
      record("b", calls: 8, seed: 1, psnr: 29, seconds: [2]),
      record("b", calls: 16, seed: 1, psnr: 40, seconds: [4]),
      record("c", calls: 4, seed: 1, psnr: 90, seconds: [0.1], kind: .path),
    ]
    let front = summary(cells).front(of: .ode)
    #expect(front.map(\.method.sampler) == ["a", "a", "b"])
    #expect(front.map(\.steps) == [4, 8, 16])
    #expect(summary(cells).front(of: .path).map(\.method.sampler) == ["c"])
  }

  @Test func repeatabilityIsOfAll() {
    func isRepeatable(_ values: [Bool?]) -> Bool? {
      let cells = values.enumerated().map { record(calls: $0 + 1, seed: 1, error: 0.1, isRepeatable: $1) }
      return summary(cells).methods.first?.isRepeatable
    }
    #expect(isRepeatable([true, nil]) == true)
    #expect(isRepeatable([true, false]) == false)
    #expect(isRepeatable([nil, nil]) == nil)
  }
}

/// A cell of one sampler with made-up figures.
func record(
  _ sampler: String = "euler", calls: Int, steps: Int? = nil, seed: UInt64, error: Double = 0.1,
  psnr: Double = 20, seconds: [Double] = [1], kind: ComparisonKind = .ode, isRepeatable: Bool? = nil,
  notices: [String] = []
) -> CellRecord {
  CellRecord(
    key: CellKey(sampler: sampler, schedule: "karras", steps: steps ?? calls, seed: seed, prompt: 0),
    networkCalls: calls, samplingSeconds: seconds, decodingSeconds: 0.1,
    measure: kind == .none ? nil : CellMeasure(latentRMSE: error, psnr: psnr, ssim: 0.5), kind: kind,
    isRepeatable: isRepeatable, picture: "\(sampler)-\(calls)-\(seed).png", notices: notices)
}

func results(_ cells: [CellRecord], uncertainty: Double = 0) -> ComparisonResults {
  let seeds = Set(cells.map(\.key.seed)).sorted()
  let references = seeds.map { seed in
    ReferenceRecord(
      prompt: 0, seed: seed, sampler: "rk4", schedule: "karras", networkCalls: 800, kind: .ode,
      uncertainty: CellMeasure(latentRMSE: uncertainty, psnr: 60, ssim: 1), picture: "reference-\(seed).png")
  }
  return ComparisonResults(setting: Samples.setting, prompts: ["a"], references: references, cells: cells)
}

func summary(_ cells: [CellRecord], uncertainty: Double = 0) -> ComparisonSummary {
  ComparisonSummary(results(cells, uncertainty: uncertainty))
}
