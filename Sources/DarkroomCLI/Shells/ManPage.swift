import Darkroom

/// The manual page, in man's macros, made of the same tables as the help.
package enum ManPage {
  package static var text: String {
    var lines = [
      ".TH DARKROOM 1 \"\" \"darkroom \(darkroomVersion)\"", ".SH NAME",
      "darkroom \\- pictures from Stable Diffusion models, on this machine", ".SH SYNOPSIS",
    ]
    for command in Command.all { lines += [".B \(escaped(HelpText.usage(command)))", ".br"] }
    lines.append(".SH COMMANDS")
    for command in Command.all { lines += section(command) }
    lines += [".SH \"EXIT STATUS\""] + definitions(HelpText.exitCodes)
    lines += [".SH ENVIRONMENT"] + definitions(HelpText.environment)
    lines += definitions(Command.all.flatMap(\.environment).filter { $0.name != "HF_HOME" })
    lines += [".SH FILES"] + definitions(HelpText.files)
    return lines.joined(separator: "\n")
  }

  private static func section(_ command: Command) -> [String] {
    var lines = [".SS \(escaped(HelpText.usage(command)))", escaped(command.summary)]
    for detail in command.details {
      lines += [".PP", escaped(detail.split(whereSeparator: \.isWhitespace).joined(separator: " "))]
    }
    for group in HelpText.groups(command) {
      lines += [".PP", ".I \(group.title)"]
      lines += definitions(
        group.options.map { option in
          (
            option.names.joined(separator: ", ") + (option.placeholder.map { " \($0)" } ?? ""),
            HelpText.meaning(option)
          )
        })
    }
    for example in command.examples { lines += [".PP", ".EX", "  \(escaped(example))", ".EE"] }
    return lines
  }

  private static func definitions(_ rows: [(name: String, meaning: String)]) -> [String] {
    rows.flatMap { [".TP", ".B \(escaped($0.name))", escaped($0.meaning)] }
  }

  /// A line that begins with a point or a quote would be a macro; a hyphen of a flag must stay one.
  private static func escaped(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&\(plain)" : plain
  }
}

extension Command {
  static let man = Command(
    name: "man", summary: "print the manual page", examples: ["darkroom man"]
  ) { invocation in
    try invocation.console.result(ManPage.text)
    return ExitCode.done
  }
}
