import Foundation
import Glibc

/// A process that tests wait for themselves. Foundation's `Process` and the exit tests of Swift Testing both wait
/// for children of this program, and have blocked each other.
final class ChildProcess {
  struct NotStarted: Error { let reason: String }

  let identifier: pid_t
  private var status: Int32?

  /// - Parameter streams: files that standard output and standard error go to; nil keeps this program's own.
  init(
    _ path: String, _ words: [String], folder: String, environment: [String: String],
    streams: (output: String, error: String)? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let streams {
      posix_spawn_file_actions_addopen(&actions, 1, streams.output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      posix_spawn_file_actions_addopen(&actions, 2, streams.error, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    // Signals as a shell would leave them, whatever this program ignores.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    // The shell changes to the folder and becomes the program.
    let shell = "/bin/sh"
    let line = [shell, "-c", "cd \"$0\" && exec \"$@\"", folder, path] + words
    var arguments = line.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var identifier = pid_t()
    let code = posix_spawn(&identifier, shell, &actions, &attributes, &arguments, &variables)
    guard code == 0 else { throw NotStarted(reason: String(cString: strerror(code))) }
    self.identifier = identifier
  }

  /// A child that nobody waits for would keep the exit tests of other suites waiting.
  deinit {
    guard isRunning else { return }
    kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
  }

  var isRunning: Bool {
    if status == nil {
      var found: Int32 = 0
      if waitpid(identifier, &found, WNOHANG) == identifier { status = found }
    }
    return status == nil
  }

  /// The exit code, or a signal's number below zero; only once it has ended.
  var code: Int32 {
    guard let status else { return .min }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : -signal
  }
}
