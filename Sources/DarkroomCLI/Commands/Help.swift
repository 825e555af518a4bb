extension Command {
  static let help = Command(
    name: "help", summary: "explain a command and its flags", arguments: ["[COMMAND]"],
    examples: ["darkroom help generate"]
  ) { invocation in
    let text = try invocation.words.first.map { HelpText.text(try Command.named($0)) } ?? HelpText.overview
    try invocation.console.result(text)
    return ExitCode.done
  }
}
