import Darkroom

/// What a shell completes after `darkroom`, made of the table of commands and flags.
package enum Completions: String, CaseIterable, Sendable {
  case bash, zsh, fish

  package var text: String {
    switch self {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  /// Words that may follow a flag or a command; nil where files do.
  fileprivate static func words(_ option: Option) -> [String]? {
    guard option.placeholder != nil, option.expected != "a path" else { return nil }
    return option.choices
  }

  fileprivate static func words(_ command: Command) -> [String]? {
    switch command.name {
    case Command.help.name: Command.all.map(\.name)
    case Command.completions.name: allCases.map(\.rawValue)
    default: command.arguments.isEmpty ? [] : nil
    }
  }
}

extension Completions {
  private var bash: String {
    let cases = Command.all.map { command in
      let values = command.options.compactMap { option in
        Self.words(option).map { words in
          "        \(option.names.joined(separator: "|"))) words='\(words.joined(separator: " "))'; return ;;"
        }
      }
      let files = command.options.filter { $0.placeholder != nil && Self.words($0) == nil }.flatMap(\.names)
      let paths = files.isEmpty ? [] : ["        \(files.joined(separator: "|"))) return ;;"]
      let known = values + paths
      let value =
        known.isEmpty ? "" : "      case $2 in\n\(known.joined(separator: "\n"))\n      esac\n"
      let flags = (command.options.flatMap(\.names) + ["--help"]).joined(separator: " ")
      return """
            \(command.name))
        \(value)      if [[ $3 == -* ]]; then words='\(flags)'; else words='\((Self.words(command) ?? []).joined(separator: " "))'; fi ;;
        """
    }
    return """
      # Completions of darkroom for bash; darkroom completions bash prints them.
      _darkroom_words() {
        case $1 in
      \(cases.joined(separator: "\n"))
        esac
      }
      _darkroom() {
        local current=${COMP_WORDS[COMP_CWORD]} words=
        if ((COMP_CWORD == 1)); then
          words='\(Command.all.map(\.name).joined(separator: " ")) --help --version'
        else
          _darkroom_words "${COMP_WORDS[1]}" "${COMP_WORDS[COMP_CWORD - 1]}" "$current"
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
      }
      complete -o bashdefault -o default -F _darkroom darkroom
      """
  }

  private var zsh: String {
    func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
    func plain(_ text: String) -> String {
      ["\\", "[", "]", ":"].reduce(text) { $0.replacing($1, with: "\\\($1)") }
    }
    let cases = Command.all.map { command in
      let options = command.options.map { option in
        let names = option.names
        let others = option.mayRepeat ? "*" : "(\(names.joined(separator: " ")))"
        let value = option.placeholder.map { placeholder in
          let action = Self.words(option).map { "(\($0.joined(separator: " ")))" } ?? "_files"
          return ":\(plain(placeholder)):\(action == "()" ? " " : action)"
        }
        let rest = "[\(plain(option.meaning))]\(value ?? "")"
        return names.map { "      " + quoted("\(others)\($0)\(rest)") }.joined(separator: " \\\n")
      }
      let words = Self.words(command).map {
        $0.isEmpty ? [] : ["      '*:word:(\($0.joined(separator: " ")))'"]
      }
      let all = options + (words ?? ["      '*:file:_files'"])
      return "    \(command.name)) _arguments \\\n\(all.joined(separator: " \\\n")) ;;"
    }
    let commands = Command.all.map { "    \(quoted("\($0.name):\(plain($0.summary))"))" }
    return """
      #compdef darkroom
      # Completions of darkroom for zsh; darkroom completions zsh prints them.
      _darkroom() {
        local -a commands=(
      \(commands.joined(separator: "\n"))
        )
        if ((CURRENT == 2)); then
          _describe command commands
          return
        fi
        shift words
        ((CURRENT--))
        case $words[1] in
      \(cases.joined(separator: "\n"))
        esac
      }
      if [[ $funcstack[1] == _darkroom ]]; then _darkroom "$@"; else compdef _darkroom darkroom; fi
      """
  }

  private var fish: String {
    func quoted(_ text: String) -> String {
      "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
    var lines = ["# Completions of darkroom for fish; darkroom completions fish prints them."]
    for command in Command.all {
      lines.append(
        "complete -c darkroom -f -n __fish_use_subcommand -a \(command.name) -d \(quoted(command.summary))")
      let begin = "complete -c darkroom -n '__fish_seen_subcommand_from \(command.name)'"
      if let words = Self.words(command) {
        lines.append("\(begin) -f" + (words.isEmpty ? "" : " -a \(quoted(words.joined(separator: " ")))"))
      }
      for option in command.options {
        let names = option.names.map { $0.hasPrefix("--") ? "-l \($0.dropFirst(2))" : "-s \($0.dropFirst())" }
        var line = "\(begin) \(names.joined(separator: " "))"
        if option.placeholder != nil {
          line +=
            Self.words(option).map { " -x" + ($0.isEmpty ? "" : " -a \(quoted($0.joined(separator: " ")))") }
            ?? " -r -F"
        }
        lines.append("\(line) -d \(quoted(option.meaning))")
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension Command {
  static let completions = Command(
    name: "completions", summary: "print completions for a shell", arguments: ["SHELL"],
    details: [
      """
      SHELL is bash, zsh or fish. bash reads them from a file that it sources; zsh from _darkroom in a folder of its
      fpath; fish from ~/.config/fish/completions/darkroom.fish.
      """
    ],
    examples: ["darkroom completions bash"]
  ) { invocation in
    let name = invocation.words[0]
    guard let shell = Completions(rawValue: name) else {
      let names = Completions.allCases.map(\.rawValue)
      throw DarkroomError(
        .request, field: "SHELL", found: name, expected: "one of \(names.joined(separator: ", "))",
        help: NearNames.question(name, among: names), "\(quoted(name)) is not possible")
    }
    try invocation.console.result(shell.text)
    return ExitCode.done
  }
}
