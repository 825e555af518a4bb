import AllocationCounter
import Foundation
import Testing

/// The memory that a request really takes, against what was planned.
@Suite struct MemoryTests {
  private struct Estimate: Decodable { let peak: Int }
  private static func words(_ size: String) -> [String] {
    ["generate", "x", "--model", BuiltCommand.model, "--size", size, "--steps", "2", "--quiet"]
  }

  /// Runs the command and returns the most memory it had at once, in bytes. Asked while it runs: what the
  /// system tells afterwards counts the parent's memory before the program was started.
  private static func measuredPeak(_ words: [String], in folder: TemporaryFolder) async throws -> Int {
    let running = try BuiltCommand.start(words, in: folder)
    var peak = 0
    _ = try await running.waits {
      peak = max(peak, running.peak() ?? 0)
      return false
    }
    return peak
  }

  /// The difference of two sizes, so that what the program itself takes does not count.
  @Test(.enabled(if: allocations_are_counted() != 0)) func peakIsThePlannedOne() async throws {
    let folder = try TemporaryFolder()
    var planned: [Int] = []
    var measured: [Int] = []
    for size in ["64x64", "768x512"] {
      let words = Self.words(size)
      let estimate = try await BuiltCommand.run(words + ["--dry-run", "--json"], in: folder)
      planned.append(try JSONDecoder().decode(Estimate.self, from: Data(estimate.output.utf8)).peak)
      measured.append(
        try await Self.measuredPeak(words + ["--output", folder.path("\(size).png")], in: folder))
    }
    let (more, plannedMore) = (measured[1] - measured[0], planned[1] - planned[0])
    #expect(plannedMore > 100 << 20)
    #expect(abs(more - plannedMore) <= plannedMore / 10, "planned \(plannedMore), measured \(more)")
  }
}
