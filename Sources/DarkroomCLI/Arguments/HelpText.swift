import Darkroom

/// Help, made of the same tables as the parser, for a terminal of 80 columns.
package enum HelpText {
  static var overview: String {
    """
    darkroom \(darkroomVersion): pictures from Stable Diffusion models, on this machine

    usage: darkroom COMMAND [--flag value …]

    \(definitions(Command.all.map { ($0.name, $0.summary) }))

    darkroom help COMMAND, or darkroom COMMAND --help, explains a command and its
    flags. darkroom --version prints the version.

    A flag's value follows it as the next word or after =; the words after -- are no
    flags. Results go to the output; progress, notices and errors to the error
    stream.

    exit codes:
    \(definitions(exitCodes))

    environment:
    \(definitions(environment))

    files:
    \(definitions(files))
    """
  }

  static let exitCodes = [
    ("0", "done"),
    ("1", "failed: the model, a download, memory, an output, or numbers that are not finite"),
    ("2", "wrong command line, input file or request"),
    ("130 143", "interrupted by SIGINT (Ctrl-C) or SIGTERM"),
  ]

  static let environment = [
    ("DARKROOM_MODEL", "the model of commands without --model; without both it is the built-in one"),
    ("DARKROOM_MODELS", "folders with models, with : between them"),
    ("DARKROOM_PACK_CACHE", "a folder for packed weights instead of ~/.cache/darkroom/packs"),
    ("HF_HOME", "where pulled models lie, with HF_HUB_CACHE; darkroom pull --help lists more"),
  ]

  static let files = [
    (
      "~/.config/darkroom/config.json",
      "folders with models, a device, and what holds for fields that a request leaves out"
    )
  ]

  package static func text(_ command: Command) -> String {
    var parts = [wrapped(command.summary), "usage: \(usage(command))", examples(command)]
    parts += groups(command).map { title, options in
      "\(title):\n" + definitions(options.map(row), column: widestColumn)
    }
    parts += command.details.map { wrapped($0) }
    if !command.environment.isEmpty { parts.append("environment:\n" + definitions(command.environment)) }
    return parts.joined(separator: "\n\n")
  }

  static func usage(_ command: Command) -> String {
    let flags = command.options.isEmpty ? [] : ["[flags]"]
    return (["darkroom", command.name] + command.arguments + flags).joined(separator: " ")
  }

  /// The command's flags by what they are about.
  static func groups(_ command: Command) -> [(title: String, options: [Option])] {
    RequestField.Group.allCases.compactMap { group in
      let options = command.options.filter { $0.group == group }
      return options.isEmpty ? nil : (group.rawValue, options)
    }
  }

  /// What a flag means, takes, and is without being given.
  static func meaning(_ option: Option) -> String {
    var meaning = option.meaning
    if let expected = option.expected, expected != "a path" {
      // A list of samplers would be longer than the rest of the help.
      meaning += ": " + (option.choices.count > 10 ? "darkroom samplers lists them" : expected)
    }
    if let initial = option.initial { meaning += " [\(initial)]" }
    return meaning
  }

  private static func row(_ option: Option) -> (String, String) {
    let names = (option.letter.map { "-\($0), " } ?? "") + "--\(option.name)"
    return (names + (option.placeholder.map { " \($0)" } ?? ""), meaning(option))
  }

  private static func examples(_ command: Command) -> String {
    let lines = command.examples.map { broken($0) }
    return "\(lines.count == 1 ? "example" : "examples"):\n\(lines.joined(separator: "\n"))"
  }

  /// A command in lines that a shell reads as one, broken before flags.
  private static func broken(_ command: String) -> String {
    var lines = [" "]
    for (index, part) in command.split(separator: " --").enumerated() {
      let part = index == 0 ? " \(part)" : " --\(part)"
      if lines[lines.count - 1].count + part.count > helpColumns - 2 {
        lines[lines.count - 1] += " \\"
        lines.append("     ")
      }
      lines[lines.count - 1] += part
    }
    return lines.joined(separator: "\n")
  }

  private static let widestColumn = 24

  /// Names with what they mean, in two columns; a name that is too wide has a line of its own.
  /// - Parameter column: where meanings begin; by default behind the widest name.
  private static func definitions(_ rows: [(name: String, meaning: String)], column: Int? = nil) -> String {
    let column = column ?? min(widestColumn, (rows.map(\.name.count).max() ?? 0) + 4)
    let margin = String(repeating: " ", count: column)
    return rows.map { name, meaning in
      let text = wrapped(meaning, columns: helpColumns - column).replacing("\n", with: "\n\(margin)")
      let fits = name.count + 4 <= column
      return "  \(name)"
        + (fits ? String(repeating: " ", count: column - 2 - name.count) : "\n\(margin)") + text
    }.joined(separator: "\n")
  }
}
