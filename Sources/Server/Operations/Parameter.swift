import Darkroom

/// A parameter of an operation: its names, what it may be, and which field of the request it sets. Reading, errors and the
/// OpenAPI document are made of these rows.
package struct Parameter: Sendable {
  package enum Kind: Sendable, Equatable {
    /// Characters.
    case text(ClosedRange<Int>)
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// One of some names, in any case.
    case choice([String])
    /// Yes or no: also as a word or a digit.
    case flag
    /// A PNG, JPEG or WebP file: a part of a form; in JSON base64, or an address that `PictureLinks` reads.
    case picture
    /// At most so many of these: parts of one name, in JSON a list.
    case pictures(Int)
    /// Prompts with weights, each of at most so many characters.
    case prompts(characters: Int)
    /// Read by nobody.
    case anything
  }

  package let name: String
  /// Other names that clients use.
  package var aliases: [String] = []
  package let kind: Kind
  package var isRequired = false
  /// What holds without it.
  package var initial: FieldValue?
  package let help: String
  /// The key of the field that it sets; nil if the operation itself reads it.
  package var field: String?

  package init(
    _ name: String, _ kind: Kind, _ help: String, aliases: [String] = [], isRequired: Bool = false,
    initial: FieldValue? = nil, field: String? = nil
  ) {
    (self.name, self.kind, self.help, self.aliases) = (name, kind, help, aliases)
    (self.isRequired, self.initial, self.field) = (isRequired, initial, field)
  }

  /// One that means a field of the request.
  /// - Parameters:
  ///   - key: the field's, whose help it has.
  ///   - kind: what the API allows; nil for what the field does.
  package static func field(
    _ key: String, as name: String? = nil, _ kind: Kind? = nil, aliases: [String] = [],
    isRequired: Bool = false, initial: FieldValue? = nil
  ) -> Parameter {
    guard let field = RequestField.named(key) else { preconditionFailure("no field \(key)") }
    return Parameter(
      name ?? key, kind ?? Kind(field), field.help, aliases: aliases, isRequired: isRequired,
      initial: initial, field: field.key)
  }

  /// What is possible, as the end of "must be".
  package var expected: String {
    switch kind {
    case .text(let count):
      count.lowerBound > 0
        ? "a text of \(count.lowerBound) to \(count.upperBound) characters"
        : "a text of at most \(count.upperBound) characters"
    case .integer(let range): "between \(range.lowerBound) and \(range.upperBound)"
    case .number(let range): "between \(range.lowerBound.shortest) and \(range.upperBound.shortest)"
    case .choice(let names): "one of \(names.joined(separator: ", "))"
    case .flag: "true or false"
    case .picture: "a PNG, JPEG or WebP picture"
    case .pictures(let most): "at most \(most) PNG, JPEG or WebP pictures"
    case .prompts(let count): "a list of prompts, each with a text of at most \(count) characters"
    case .anything: "anything"
    }
  }

  /// The value as the API allows it; nil if it is none.
  package func read(_ value: FieldValue) -> FieldValue? {
    switch (kind, value) {
    case (.text(let count), .text(let text)):
      return count.contains(text.unicodeScalars.count) ? value : nil
    case (.integer(let range), _):
      guard let number = value.integer, range.contains(number) else { return nil }
      return .number("\(number)")
    case (.number(let range), _):
      guard let number = value.double, range.contains(number) else { return nil }
      return .number(number.shortest)
    case (.choice(let names), .text(let text)):
      return names.first { $0.lowercased() == text.lowercased() }.map(FieldValue.text)
    case (.flag, _): return value.flag.map(FieldValue.flag)
    case (.prompts, .list), (.anything, _): return value
    default: return nil
    }
  }
}

extension Parameter.Kind {
  var isFile: Bool {
    switch self {
    case .picture, .pictures: true
    default: false
    }
  }

  /// Whether it may be given several times.
  var isList: Bool { if case .pictures = self { true } else { false } }

  /// What a field of the request may be.
  init(_ field: RequestField, _ limits: RequestLimits = .standard) {
    switch field.kind {
    case .text: self = .text(0...limits.promptCharacters)
    case .name: self = field.choices.isEmpty ? .text(0...64) : .choice(field.choices)
    case .list: self = .anything
    case .integer:
      let range = field.range(limits)
      self = .integer(Int(range?.lowerBound ?? 0)...(range.map { Int($0.upperBound) } ?? Int.max))
    case .number: self = .number(field.range(limits) ?? 0...1)
    }
  }
}

extension FieldValue {
  /// Yes or no, as JSON, forms and hosted APIs write it.
  package var flag: Bool? {
    switch self {
    case .flag(let flag): flag
    case .number(let text), .text(let text):
      switch text.lowercased() {
      case "true", "yes", "on", "1": true
      case "false", "no", "off", "0": false
      default: nil
      }
    case .null, .list, .object: nil
    }
  }

  /// A whole number, also one that is written as a text or with a point and zeros.
  package var integer: Int? {
    switch self {
    case .number(let text), .text(let text): Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    case .null, .flag, .list, .object: nil
    }
  }

  /// A finite number, also one that is written as a text.
  package var double: Double? {
    switch self {
    case .number(let text), .text(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
    case .null, .flag, .list, .object: nil
    }
  }
}
