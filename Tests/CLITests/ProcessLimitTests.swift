import Foundation
import Glibc
import Testing

/// The command under limits of its process: a picture or an error in words, never a crash.
@Suite(.serialized) struct ProcessLimitTests {
  private let folder: TemporaryFolder
  private static let draw = [
    "generate", "cat", "--model", BuiltCommand.model, "--size", "64x64", "--steps", "2", "--seed", "1",
  ]

  init() throws { folder = try TemporaryFolder() }

  /// - Parameter setting: what the shell does before it becomes the command.
  private func run(_ setting: String, _ words: [String] = draw, output: String = "output") async throws -> (
    code: Int32, error: String
  ) {
    let process = try ChildProcess(
      "/bin/sh", ["-c", "\(setting); exec \"$0\" \"$@\"", BuiltCommand.url().path] + words,
      folder: folder.path, environment: ProcessInfo.processInfo.environment,
      streams: (folder.path(output), folder.path("error")))
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    return (process.code, String(decoding: try folder.data("error"), as: UTF8.self))
  }

  /// Programs as small as `sh` start with 60 MB, this one needs some more before it can say anything.
  @Test(arguments: ["-v", "-d"], [150_000, 250_000, 300_000, 400_000, 700_000, 1_300_000, 2_000_000])
  func addresses(flag: String, kibibytes: Int) async throws {
    let result = try await run("ulimit \(flag) \(kibibytes)")
    #expect(
      result.code == 0 || result.code == 1 && result.error.contains("MiB"), "\(result.code) \(result.error)")
    if kibibytes >= 700_000 { #expect(result.code == 0, "\(result.error)") }
  }

  /// What is planned with is what the limit leaves.
  @Test func addressesAreCountedAsMemory() async throws {
    struct Estimate: Decodable { let available: Int }
    let result = try await run("ulimit -v 600000", Self.draw + ["--dry-run", "--json"])
    let estimate = try JSONDecoder().decode(Estimate.self, from: folder.data("output"))
    #expect(result.code == 0 && (50 << 20..<500 << 20).contains(estimate.available), "\(estimate)")
  }

  @Test(arguments: [64, 256, 1024]) func smallStacks(kibibytes: Int) async throws {
    let result = try await run("ulimit -s \(kibibytes)")
    #expect(result.code == 0, "\(result.error)")
  }

  @Test(arguments: [5, 8, 12, 64]) func fewFiles(count: Int) async throws {
    let result = try await run("ulimit -n \(count)")
    let isRefused = result.code == 1 && result.error.contains("files: only")
    #expect(count == 64 ? result.code == 0 : isRefused, "\(result.error)")
  }

  @Test func smallFiles() async throws {
    let result = try await run("ulimit -f 2")
    #expect(result.code == 1 && result.error.contains("cannot write 1-cat.png: File too large"))
    #expect(folder.names == ["error", "output"])
  }

  @Test func littleTime() async throws {
    let long = Self.draw.map { $0 == "2" ? "150" : $0 } + ["--count", "1000"]
    let result = try await run("ulimit -t 2", long)
    #expect(result.code == 1 && result.error.contains("raise the limit (ulimit -t)"), "\(result.error)")
  }

  @Test func noHomeAndNowhereToKeepThings() async throws {
    for setting in ["unset HOME XDG_CACHE_HOME", "export HOME=/proc XDG_CACHE_HOME=/proc/none TMPDIR=/none"] {
      let result = try await run(setting)
      #expect(result.code == 0, "\(result.error)")
    }
  }

  // MARK: Streams

  @Test(arguments: [["help"], ["samplers"], draw]) func aClosedOutputIsAnError(words: [String]) async throws {
    let result = try await run("exec >&-", words)
    #expect(result.code == 1 && result.error == "darkroom: the output: is closed\n", "\(result.error)")
    #expect(folder.names == ["error", "output"])
  }

  @Test func otherClosedStreamsAreNone() async throws {
    let result = try await run("exec <&- 2>&-")
    #expect(result.code == 0 && result.error.isEmpty)
    #expect(try folder.data("output") == Data("1-cat.png\n".utf8))
    _ = try await run("exec >&- 2>&-")
    #expect(try folder.data("1-cat.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  @Test func aFullOutputIsAnError() async throws {
    let result = try await run("exec >/dev/full", ["samplers"])
    #expect(result.code == 1 && result.error == "darkroom: the output: No space left on device\n")
  }
}
