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
  /// What was given, with the word that gave it.
  private var given: [String: String] = [:]

  /// Reads `--flag value`, `--flag=value`, `-f value`, `-f9`, switches and plain words; after `--` all words are plain.
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
    let (flag, attached) = Self.split(word)
    guard let option = command.options.first(where: { $0.isCalled(flag) }) else {
      throw DarkroomError(
        .request,
        "unknown flag \(quoted(flag))\(Self.hint(flag, command)); darkroom \(command.name) --help lists them")
    }
    try note(option, flag)
    guard option.placeholder != nil else {
      guard attached == nil else {
        throw DarkroomError(.request, "\(flag): \(quoted(attached ?? "")) is not possible; expected no value")
      }
      _ = option.set(&settings, "")
      return
    }
    let value = try attached ?? Self.value(of: option, flag, &rest, command)
    guard option.set(&settings, value) else {
      let wrong = option.blamed?(value) ?? value
      throw Self.refusal(
        flag, wrong, option.expected,
        help: option.advice?(wrong) ?? NearNames.question(wrong, among: option.choices))
    }
  }

  /// The flag of a word, and the value that is written to it: `--steps=9`, `-s=9`, `-s9`, `-s-1`.
  private static func split(_ word: String) -> (flag: String, value: String?) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2 { return (parts[0], parts[1]) }
    let value = word.dropFirst(2)
    // Letters behind a letter are more likely a long name that lacks a dash.
    guard !word.hasPrefix("--"), let first = value.first, first == "-" || first.isNumber else {
      return (word, nil)
    }
    return (String(word.prefix(2)), String(value))
  }

  /// - Throws: `DarkroomError` if the option, or another one that says the same, was given before.
  private mutating func note(_ option: Option, _ flag: String) throws {
    settings.given.insert(option.name)
    for thing in option.covers.isEmpty ? [option.name] : option.covers {
      guard let other = given.updateValue(flag, forKey: thing), !option.mayRepeat else { continue }
      throw DarkroomError(
        .request,
        other == flag
          ? "\(flag): is given twice; expected once"
          : "\(flag): says the same as \(other), which is given too; expected one of the two")
    }
  }

  /// What may have been meant by a flag that the command does not have.
  private static func hint(_ flag: String, _ command: Command) -> String {
    let name = "--" + String(flag.drop { $0 == "-" }).replacing("_", with: "-")
    let names = command.options.flatMap(\.names).filter { $0.hasPrefix("--") }
    if let question = NearNames.question(name, among: names) { return "; \(question)" }
    let others = Command.all.filter { $0.options.contains { $0.isCalled(flag) } }.map(\.name)
    return others.isEmpty ? "" : "; it belongs to darkroom \(others.joined(separator: " and darkroom "))"
  }

  private static func value(
    of option: Option, _ flag: String, _ rest: inout ArraySlice<String>, _ command: Command
  ) throws -> String {
    let expected = option.expected ?? "a value"
    guard let value = rest.first else {
      throw DarkroomError(.request, "\(flag): no value; expected \(expected)")
    }
    // More likely a forgotten value than a value that looks like a flag.
    guard !value.hasPrefix("--"), !command.options.contains(where: { $0.isCalled(value) }) else {
      throw DarkroomError(
        .request,
        "\(flag): no value before \(quoted(value)); expected \(expected)"
          + " (a value that looks like a flag is written \(flag)=\(singleLine(value)))")
    }
    rest.removeFirst()
    return value
  }

  private func checkWords(_ command: Command) throws {
    let needed = command.arguments.filter { !$0.hasPrefix("[") }
    if words.count < needed.count {
      throw DarkroomError(
        .request,
        "no \(needed[words.count].trimmingSuffix(".")); expected darkroom \(command.name) \(needed.joined(separator: " "))"
      )
    }
    let takesMore = command.arguments.last?.hasSuffix("...") ?? false
    if words.count > command.arguments.count, !takesMore {
      let word = words[command.arguments.count]
      let advice = command.arguments.isEmpty ? "" : "; an argument with spaces needs quotes"
      throw DarkroomError(.request, "unexpected argument \(quoted(word))\(advice)")
    }
  }

  /// Says that a value is not a possible one.
  static func refusal(
    _ field: String, _ value: String, _ expected: String?, help: String? = nil
  ) -> DarkroomError {
    let shown = value.count > 64 ? String(value.prefix(64)) + "…" : value
    return DarkroomError(
      .request, field: field, found: shown, expected: expected ?? "a value",
      help: help, "\(quoted(shown)) is not possible")
  }
}
