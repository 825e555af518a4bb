import AllocationCounter
import Foundation
import Glibc
import Testing

/// The memory that a request really takes, against what was planned.
@Suite struct MemoryTests {
  private struct Estimate: Decodable { let peak: Int }
  private struct NotStarted: Error {}

  private static func words(_ size: String) -> [String] {
    ["generate", "x", "--model", BuiltCommand.model, "--size", size, "--steps", "2", "--quiet"]
  }

  /// Runs the command and returns the most memory it had at once, in bytes.
  private static func measuredPeak(_ words: [String]) throws -> Int {
    let path = try BuiltCommand.url().path
    var arguments = ([path] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawn(&process, path, nil, nil, &arguments, environ) == 0 else { throw NotStarted() }
    var status: Int32 = 0
    var usage = rusage()
    guard wait4(process, &status, 0, &usage) == process, status == 0 else { throw NotStarted() }
    return usage.ru_maxrss << 10
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
      measured.append(try Self.measuredPeak(words + ["--output", folder.path("\(size).png")]))
    }
    let (more, plannedMore) = (measured[1] - measured[0], planned[1] - planned[0])
    #expect(plannedMore > 100 << 20)
    #expect(abs(more - plannedMore) <= plannedMore / 10, "planned \(plannedMore), measured \(more)")
  }
}
