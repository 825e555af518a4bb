import Darkroom

/// Help, made of the same tables as the parser.
package enum HelpText {
  static var overview: String {
    """
    darkroom \(darkroomVersion): pictures from Stable Diffusion models, on this machine

    usage: darkroom COMMAND [--flag value …]

    \(table(Command.all.map { [$0.name, $0.summary] }, indent: 2))

    darkroom help COMMAND, or darkroom COMMAND --help, explains a command and its flags.
    darkroom --version prints the version.

    A flag's value follows it as the next word or after =; the words after -- are no flags.
    Results go to the output; progress, notices and errors to the error stream.

    \(exitCodes)

    environment:
      DARKROOM_MODEL  the model of commands without --model; without both it is the built-in one
      HF_HOME         where pulled models lie, with HF_HUB_CACHE; darkroom pull --help lists more
    """
  }

  static let exitCodes = """
    exit codes:
      0        done
      1        failed: the model, a download, memory, an output, or numbers that are not finite
      2        wrong command line, input file or request
      130 143  interrupted by SIGINT (Ctrl-C) or SIGTERM
    """

  package static func text(_ command: Command) -> String {
    let usage = ["darkroom", command.name] + command.arguments + (command.options.isEmpty ? [] : ["[flags]"])
    var parts = ["\(command.summary)", "usage: \(usage.joined(separator: " "))"]
    parts += command.details
    if !command.options.isEmpty {
      parts.append("flags:\n" + table(command.options.map(row), indent: 2))
    }
    let examples = command.examples.map { "  \($0)" }.joined(separator: "\n")
    parts.append("\(command.examples.count == 1 ? "example" : "examples"):\n\(examples)")
    return parts.joined(separator: "\n\n")
  }

  private static func row(_ option: Option) -> [String] {
    var meaning = option.meaning
    if let expected = option.expected, expected != "a path" { meaning += ": \(expected)" }
    if let initial = option.initial { meaning += " [\(initial)]" }
    return ["--\(option.name)" + (option.placeholder.map { " \($0)" } ?? ""), meaning]
  }
}
