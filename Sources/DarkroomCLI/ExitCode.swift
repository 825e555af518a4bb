import Darkroom

/// What the process tells its caller.
package enum ExitCode {
  static let done: Int32 = 0
  /// The model, a resource, an output or the numbers failed.
  static let failed: Int32 = 1
  /// The command line, an input file or a request is wrong.
  static let usage: Int32 = 2

  /// As shells count a process that a signal ended: 130 for SIGINT, 143 for SIGTERM.
  static func interrupted(by signal: Int32) -> Int32 { 128 + signal }

  /// - Parameter signal: the signal that has cancelled the work, if one has.
  package static func of(_ error: any Error, signal: Int32?) -> Int32 {
    if let signal, error is CancellationError { return interrupted(by: signal) }
    if let error = error as? DarkroomError, error.kind == .request { return usage }
    return failed
  }
}
