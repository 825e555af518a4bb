import Foundation
import Glibc
import TestSupport

/// The built command as a process of its own.
enum BuiltCommand {
  static let model = Fixtures.url("sd1_tiny").path

  struct Result: Sendable {
    let code: Int32
    let output: String
    let error: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
    var errorLines: [String] { error.split(separator: "\n").map(String.init) }
  }

  struct NotBuilt: Error {}

  /// The executable beside this test's own, since both are made by one build.
  static func url() throws -> URL {
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let sources = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    for folder in [tests.deletingLastPathComponent(), sources.appendingPathComponent(".build/release")] {
      let command = folder.appendingPathComponent("darkroom")
      if FileManager.default.isExecutableFile(atPath: command.path) { return command }
    }
    throw NotBuilt()
  }

  /// Runs the command to its end.
  static func run(
    _ words: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) async throws -> Result {
    try await start(words, in: folder, environment: environment).result()
  }

  static func start(
    _ words: [String], in folder: TemporaryFolder, environment: [String: String] = [:]
  ) throws -> Running {
    var all = ProcessInfo.processInfo.environment
    for name in ["DARKROOM_MODEL", "DARKROOM_MODELS"] { all[name] = nil }
    all["XDG_CONFIG_HOME"] = "/dev/null"
    all["XDG_CACHE_HOME"] =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("darkroom-tests-\(ProcessInfo.processInfo.processIdentifier)").path
    // Compiling its kernels takes a software device more than a minute, so that all share what was compiled.
    all["MESA_SHADER_CACHE_DIR"] =
      ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
    // Files, since nobody reads while the process runs.
    let streams = try TemporaryFolder()
    let process = try ChildProcess(
      url().path, words, folder: folder.path, environment: all.merging(environment) { $1 },
      streams: (streams.path("output"), streams.path("error")))
    return Running(process: process, streams: streams)
  }

  final class Running {
    private let process: ChildProcess
    private let streams: TemporaryFolder

    init(process: ChildProcess, streams: TemporaryFolder) {
      self.process = process
      self.streams = streams
    }

    /// The most memory it has had at once so far, in bytes; nil once it has ended.
    func peak() -> Int? {
      let path = "/proc/\(process.identifier)/status"
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
      let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    func send(_ signal: Int32) { kill(process.identifier, signal) }

    /// Waits until the condition holds or the process has ended; false in the second case. Keeps its thread: among
    /// thousands of tests, a task that sleeps may wake when all is over.
    func waits(until condition: () throws -> Bool) throws -> Bool {
      while process.isRunning {
        if try condition() { return true }
        usleep(2000)
      }
      return false
    }

    func result() async throws -> Result {
      while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
      return Result(
        code: process.code,
        output: String(decoding: try streams.data("output"), as: UTF8.self),
        error: String(decoding: try streams.data("error"), as: UTF8.self))
    }
  }
}
