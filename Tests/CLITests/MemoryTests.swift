import AllocationCounter
import Foundation
import Testing

/// The memory that a request really takes, against what was planned.
@Suite struct MemoryTests {
  private struct Estimate: Decodable { let peak: Int }
  private static func words(_ size: String) -> [String] {
    [
      "generate", "x", "--model", BuiltCommand.model, "--size", size, "--steps", "2", "--quiet",
      "--precision", "float32",
    ]
  }

  private struct Made: Decodable { let memory: Int }

  private static func json<Value: Decodable>(_ words: [String], in folder: TemporaryFolder) async throws
    -> Value
  {
    let result = try await BuiltCommand.run(words + ["--json"], in: folder)
    return try JSONDecoder().decode(Value.self, from: Data(result.output.utf8))
  }

  /// The difference of two sizes, so that what the program itself takes does not count.
  /// The limits are for whole pictures, for strips of kept values, and for strips that make values again.
  @Test(.enabled(if: allocations_are_counted() != 0), arguments: ["8GiB", "130MiB", "75MiB"])
  func peakIsThePlannedOne(limit: String) async throws {
    let folder = try TemporaryFolder()
    var planned: [Int] = []
    var measured: [Int] = []
    for size in ["64x64", "768x512"] {
      let words = Self.words(size) + ["--memory-limit", limit, "--second-pass", "never"]
      let estimate: Estimate = try await Self.json(words + ["--dry-run"], in: folder)
      let made: Made = try await Self.json(words + ["--output", "\(size).png"], in: folder)
      planned.append(estimate.peak)
      measured.append(made.memory)
    }
    let (more, plannedMore) = (measured[1] - measured[0], planned[1] - planned[0])
    #expect(plannedMore > 50 << 20)
    #expect(abs(more - plannedMore) <= plannedMore / 10, "planned \(plannedMore), measured \(more)")
  }
}
