import Darkroom

/// The words after a command, taken apart by the command's table.
package struct Arguments: Sendable {
  package enum Outcome: Sendable {
    case run(Arguments)
    /// `--help` was among the words.
    case help
  }

  package var settings = Settings()
  /// The arguments that are no flags.
  package var words: [String] = []
  private var given: Set<String> = []

  /// Reads `--flag value`, `--flag=value`, switches and plain words; after `--` all words are plain.
  /// - Throws: `DarkroomError` of kind `request`, naming the flag, the value and what was expected.
  package static func parse(_ words: [String], for command: Command) throws -> Outcome {
    var arguments = Arguments()
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        arguments.words += rest
        break
      }
      if word == "--help" || word == "-h" { return .help }
      if word.hasPrefix("-"), word.count > 1 {
        try arguments.take(flag: word, &rest, command)
      } else {
        arguments.words.append(word)
      }
    }
    try arguments.checkWords(command)
    return .run(arguments)
  }

  private mutating func take(flag word: String, _ rest: inout ArraySlice<String>, _ command: Command) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let flag = parts[0]
    guard let option = command.options.first(where: { "--\($0.name)" == flag }) else {
      let hint = NearNames.hint(flag, among: command.options.map { "--\($0.name)" })
      throw DarkroomError(
        .request, "unknown flag \(quoted(flag))\(hint); darkroom \(command.name) --help lists them")
    }
    guard given.insert(option.name).inserted || option.mayRepeat else {
      throw DarkroomError(.request, "\(flag): is given twice; expected once")
    }
    guard option.placeholder != nil else {
      guard parts.count == 1 else {
        throw DarkroomError(.request, "\(flag): \(quoted(parts[1])) is not possible; expected no value")
      }
      _ = option.set(&settings, "")
      return
    }
    let value = parts.count == 2 ? parts[1] : try Self.value(of: option, &rest)
    guard option.set(&settings, value) else {
      let wrong = option.blamed?(value) ?? value
      throw Self.refusal(flag, wrong, option.expected, option.choices)
    }
  }

  private static func value(of option: Option, _ rest: inout ArraySlice<String>) throws -> String {
    let expected = option.expected ?? "a value"
    guard let value = rest.first else {
      throw DarkroomError(.request, "--\(option.name): no value; expected \(expected)")
    }
    // More likely a forgotten value than a value that looks like a flag.
    guard !value.hasPrefix("--") else {
      throw DarkroomError(
        .request,
        "--\(option.name): no value before \(quoted(value)); expected \(expected)"
          + " (a value that begins with -- is written --\(option.name)=\(singleLine(value)))")
    }
    rest.removeFirst()
    return value
  }

  private func checkWords(_ command: Command) throws {
    let needed = command.arguments.filter { !$0.hasPrefix("[") }
    if words.count < needed.count {
      throw DarkroomError(
        .request,
        "no \(needed[words.count]); expected darkroom \(command.name) \(needed.joined(separator: " "))")
    }
    if words.count > command.arguments.count {
      let word = words[command.arguments.count]
      let advice = command.arguments.isEmpty ? "" : "; an argument with spaces needs quotes"
      throw DarkroomError(.request, "unexpected argument \(quoted(word))\(advice)")
    }
  }

  /// Says that a value is not a possible one.
  static func refusal(
    _ field: String, _ value: String, _ expected: String?, _ choices: [String] = []
  ) -> DarkroomError {
    let shown = value.count > 64 ? String(value.prefix(64)) + "…" : value
    return DarkroomError(
      .request, field: field, found: shown, expected: expected ?? "a value",
      help: NearNames.question(value, among: choices), "\(quoted(shown)) is not possible")
  }
}
