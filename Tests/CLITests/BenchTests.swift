import Foundation
import Testing

/// What `darkroom bench` says; how fast anything is does not matter here.
@Suite(.serialized) struct BenchTests {
  private struct Ops: Decodable {
    struct Op: Decodable {
      let network: String
      let kind: String
      let name: String
      let count: Int
      let seconds: Double
      let shareOfTime: Double
      let operationsPerSecond: Double
      let share: Double?
    }
    struct Summary: Decodable {
      let network: String
      let name: String
      let shareOfTime: Double
      let operationsPerSecond: Double
      let share: Double?
    }
    struct Limits: Decodable {
      let matrixOperationsPerSecond: Double
      let scalarOperationsPerSecond: Double
      let bytesPerSecond: Double
    }
    let ops: [Op]
    let summaries: [Summary]
    let limits: Limits
    let matrixLimit: Double
    let precision: String
    let threads: Int
    let rounds: Int
    let coreSpeeds: [Double]
  }

  private struct Speed: Decodable {
    let load: Double
    let steps: [Double]
    let decodes: [Double]
    let pictures: [Double]
    let stepsOfPicture: Int
    let coreSpeeds: [Double]
    let peakMemory: Int
    let threads: Int
    let instructions: String
    let precision: String
  }

  private static func json<Value: Decodable>(_ words: [String]) async throws -> Value {
    let result = try await BuiltCommand.run(
      ["bench", "--model", BuiltCommand.model, "--device", "cpu", "--size", "64x64", "--json"] + words,
      in: TemporaryFolder())
    #expect(result.code == 0, "\(result.error)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Value.self, from: Data(result.output.utf8))
  }

  @Test(arguments: ["float32", "bfloat16"]) func opsHaveTheirShareOfTheirPrecisionsLimit(_ precision: String)
    async throws
  {
    let result: Ops = try await Self.json([
      "--ops", "--precision", precision, "--rounds", "1", "--threads", "2",
    ])
    #expect(result.precision == precision && result.rounds == 1 && result.threads == 2)
    #expect(result.coreSpeeds.count == 2 && result.coreSpeeds.allSatisfy { $0 > 0 })
    #expect(result.matrixLimit > 0 && result.limits.bytesPerSecond > 0)
    if precision == "float32" { #expect(result.matrixLimit == result.limits.scalarOperationsPerSecond) }
    #expect(Set(result.ops.map(\.network)) == ["unet", "vae"])
    #expect(result.ops.allSatisfy { ($0.share ?? 0) > 0 && $0.seconds > 0 && $0.count > 0 })
    for network in ["unet", "vae"] {
      let times = result.ops.filter { $0.network == network }
      #expect(abs(times.reduce(0) { $0 + $1.shareOfTime } - 1) < 1e-9)
      #expect(times.map(\.seconds) == times.map(\.seconds).sorted(by: >))
      let products = try #require(
        result.summaries.first { $0.network == network && $0.name == "convolutions and linears" })
      // Far from one if a unit were wrong. That it is below one is nothing to promise on a busy machine.
      #expect((1e-3..<5).contains(products.share ?? 0), "\(products)")
      let all = try #require(result.summaries.first { $0.network == network && $0.name == "all" })
      #expect(abs(all.shareOfTime - 1) < 1e-9 && products.shareOfTime < 1)
    }
    // The limit that is told is that of one of the two runs; there the shares are of it.
    let fits = ["unet", "vae"].contains { network in
      result.summaries.allSatisfy { part in
        guard part.network == network, let share = part.share else { return true }
        return abs(share * result.matrixLimit / part.operationsPerSecond - 1) < 1e-9
      }
    }
    #expect(fits)
  }

  @Test func theShortFormHasAllParts() async throws {
    let result: Speed = try await Self.json(["--rounds", "2", "--steps", "3", "--threads", "1"])
    #expect(result.load > 0 && result.steps.count == 2 && result.decodes.count == 2)
    #expect(result.pictures.count == 1 && result.stepsOfPicture == 3 && result.threads == 1)
    // Before and after each of the six samples.
    #expect(result.coreSpeeds.count == 12 && result.coreSpeeds.allSatisfy { $0.isFinite && $0 > 0 })
    #expect(result.peakMemory > 10 << 20 && !result.instructions.isEmpty)
    #expect(["float32", "bfloat16"].contains(result.precision))
  }

  @Test func tablesNameWhatTheyShow() async throws {
    let words = [
      "bench", "--model", BuiltCommand.model, "--device", "cpu", "--size", "64x64", "--rounds", "1",
    ]
    let short = try await BuiltCommand.run(words + ["--steps", "1"], in: TemporaryFolder())
    for name in ["load", "step", "decode", "picture of 1 steps", "core", "peak memory", "median"] {
      #expect(short.output.contains(name), "\(short.output)")
    }
    #expect(short.error.contains("step: ") && short.error.contains("GFLOP/s)"))
    let ops = try await BuiltCommand.run(words + ["--ops"], in: TemporaryFolder())
    for name in [
      "conv2d 3x3/1", "convolutions and linears", "of the limit", "of the time", "limits: products",
    ] {
      #expect(ops.output.contains(name), "\(ops.output)")
    }
  }
}
