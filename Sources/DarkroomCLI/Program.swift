import Darkroom
import Glibc

/// The command line, from its words to the exit code.
package struct Program: Sendable {
  let console: Console
  let environment: [String: String]
  /// Whether SIGINT and SIGTERM cancel the command; tests inside a process leave its signals alone.
  let handlesSignals: Bool

  package init(console: Console, environment: [String: String], handlesSignals: Bool) {
    self.console = console
    self.environment = environment
    self.handlesSignals = handlesSignals
  }

  /// - Parameter words: the command line without the program's name.
  /// - Returns: the exit code.
  package func run(_ words: [String]) async -> Int32 {
    let work = Task { try await execute(words) }
    let interruption = handlesSignals ? Interruption(cancel: { work.cancel() }) : nil
    let result = await work.result
    console.endStatus()
    switch result {
    case .success(let code):
      Engine.keepPackedWeights(within: .seconds(10)) { interruption?.signal == nil }
      return code
    case .failure(let error):
      if error is CancellationError, interruption?.signal == SIGXCPU {
        console.error(
          "time: this process has used the processor as long as it may; raise the limit (ulimit -t)")
        return ExitCode.failed
      }
      console.error(error is CancellationError ? "interrupted" : "\(error)")
      return ExitCode.of(error, signal: interruption?.signal)
    }
  }

  private func execute(_ words: [String]) async throws -> Int32 {
    try console.checkOutput()
    guard let first = words.first else {
      throw DarkroomError(.request, "no command; darkroom --help lists them")
    }
    switch first {
    case "--help", "-h":
      try console.result(HelpText.overview)
      return ExitCode.done
    case "--version", "-V":
      try console.result("darkroom \(darkroomVersion)")
      return ExitCode.done
    case _ where first.hasPrefix("-"):
      throw DarkroomError(
        .request,
        "no command before \(quoted(first))\(NearNames.hint(first, among: ["--help", "--version"]))"
          + "; expected one such as darkroom generate, or --help")
    default: break
    }
    let command = try Command.named(first)
    switch try Arguments.parse(Array(words.dropFirst()), for: command) {
    case .help:
      try console.result(HelpText.text(command))
      return ExitCode.done
    case .run(let arguments):
      console.quiet = arguments.settings.quiet
      return try await command.run(
        Invocation(
          settings: arguments.settings, words: arguments.words, console: console, environment: environment,
          user: UserConfiguration(environment)))
    }
  }
}
