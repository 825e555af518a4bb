import FoundationEssentials

/// A field of a request: its names, what it may be, and what it is for. Flags, columns of CSV files, JSON, metadata,
/// checks and help texts are all made of these rows, which stand in `all`.
public struct RequestField: Sendable {
  /// How values look.
  public enum Kind: String, Sendable {
    /// Any text.
    case text
    /// One of some names, which may have aliases.
    case name
    case integer, number
    /// Lists, as JSON; of numbers also with commas between them.
    case list
  }

  /// What a field is about, in the order of help texts.
  public enum Group: String, Sendable, CaseIterable {
    case prompt, picture, sampling, size, model, output, speed
  }

  /// How the command takes a field.
  public struct Flag: Sendable, Equatable {
    /// Without the dashes; the field's key and aliases, with - for _, the key first.
    public let names: [String]
    /// What stands for the value in help.
    public let placeholder: String
    /// The short form behind a single dash.
    public let letter: Character?
  }

  /// Its name in JSON, CSV and errors.
  public let key: String
  /// Names of other programs that mean the same.
  public internal(set) var aliases: [String] = []
  /// Its name in A1111's text, where that means the same.
  var a1111: String?
  public let kind: Kind
  public let group: Group
  public let flag: Flag
  /// What it is for, in a few words.
  public let help: String
  /// What holds without it, for help.
  public internal(set) var usual: String
  /// Possible names, for guesses; there may be others.
  public internal(set) var choices: [String] = []
  /// Whether resolved requests may lack it, as where it has no meaning.
  public internal(set) var isOptional = false
  let rule: any FieldRule

  /// Least and greatest value, of numbers.
  public func range(_ limits: RequestLimits = .standard) -> ClosedRange<Double>? { rule.range(limits) }

  /// What values are possible, in words.
  public func expected(_ limits: RequestLimits = .standard) -> String { rule.expected(limits) }

  /// The field of a request; null if the request leaves it out.
  public func value(in request: GenerationRequest) -> FieldValue { rule.value(in: request) }

  /// Sets the field, or clears it with null.
  /// - Parameter limits: nil for whatever values of the field's type.
  /// - Returns: whether the value is a possible one; if not, nothing changes.
  public func set(
    _ value: FieldValue, in request: inout GenerationRequest, _ limits: RequestLimits? = .standard
  ) -> Bool { rule.set(value, in: &request, limits) }

  /// The value that a flag's value or a table's cell stands for.
  public func value(ofText text: String) -> FieldValue {
    switch kind {
    case .text, .name: return .text(text)
    case .integer, .number: return .number(text)
    case .list:
      if text.first == "[", let list = try? JSONDecoder().decode(FieldValue.self, from: Data(text.utf8)) {
        return list
      }
      return .list(text.split(separator: ",", omittingEmptySubsequences: false).map { .number(String($0)) })
    }
  }

  /// - Throws: `DarkroomError` of kind `request` if the request's value is outside the limits.
  func check(_ request: GenerationRequest, _ limits: RequestLimits) throws {
    if let found = rule.problem(request, limits) {
      throw DarkroomError(
        .request, field: key, found: found, expected: expected(limits),
        help: rule.advice(value(in: request), limits))
    }
  }

  /// Possible values near one that is not possible, as a sentence's end; nil if there are none.
  public func advice(_ value: FieldValue, _ limits: RequestLimits = .standard) -> String? {
    rule.advice(value, limits) ?? NearNames.question(value.plain, among: choices)
  }

  /// The error for a value that is not possible.
  public func refusal(_ value: FieldValue, _ limits: RequestLimits = .standard) -> DarkroomError {
    let found = value == .null ? "null" : value.plain
    return DarkroomError(
      .request, field: key, found: found.count > 64 ? "\(found.prefix(64))…" : found,
      expected: expected(limits), help: advice(value, limits))
  }

  /// Takes what `request` lacks from `defaults`, else from the row.
  func fill(_ request: inout GenerationRequest, from defaults: GenerationRequest) {
    rule.fill(&request, from: defaults)
  }

  /// The row of a key or an alias.
  public static func named(_ name: String) -> RequestField? { byName[name] }

  private static let byName: [String: RequestField] = Dictionary(
    uniqueKeysWithValues: all.flatMap { field in ([field.key] + field.aliases).map { ($0, field) } })
}

/// What a row knows of its values.
protocol FieldRule: Sendable {
  func range(_ limits: RequestLimits) -> ClosedRange<Double>?
  func expected(_ limits: RequestLimits) -> String
  func value(in request: GenerationRequest) -> FieldValue
  func set(_ value: FieldValue, in request: inout GenerationRequest, _ limits: RequestLimits?) -> Bool
  /// Possible values near this one; nil if the type knows none.
  func advice(_ value: FieldValue, _ limits: RequestLimits) -> String?
  /// What is wrong with the request's value, as found; nil if nothing is.
  func problem(_ request: GenerationRequest, _ limits: RequestLimits) -> String?
  func fill(_ request: inout GenerationRequest, from defaults: GenerationRequest)
}

/// The rule of a property.
struct PropertyRule<Value: Sendable>: FieldRule {
  let path: any WritableKeyPath<GenerationRequest, Value?> & Sendable
  let type: FieldType<Value>
  /// What holds where neither the request nor the model says anything.
  let initial: Value?

  func range(_ limits: RequestLimits) -> ClosedRange<Double>? { type.range(limits) }
  func expected(_ limits: RequestLimits) -> String { type.expected(limits) }

  func value(in request: GenerationRequest) -> FieldValue {
    request[keyPath: path].map(type.write) ?? .null
  }

  func set(_ value: FieldValue, in request: inout GenerationRequest, _ limits: RequestLimits?) -> Bool {
    guard value != .null, !type.isNothing(value) else {
      request[keyPath: path] = nil
      return true
    }
    guard let read = type.read(value), limits.map({ type.contains(read, $0) && type.isKnown(read) }) ?? true
    else { return false }
    request[keyPath: path] = read
    return true
  }

  func advice(_ value: FieldValue, _ limits: RequestLimits) -> String? {
    type.read(value).flatMap { type.contains($0, limits) ? nil : type.nearest($0, limits) }
  }

  func problem(_ request: GenerationRequest, _ limits: RequestLimits) -> String? {
    guard let value = request[keyPath: path], !type.contains(value, limits) else { return nil }
    return type.found(value)
  }

  func fill(_ request: inout GenerationRequest, from defaults: GenerationRequest) {
    if request[keyPath: path] == nil { request[keyPath: path] = defaults[keyPath: path] ?? initial }
  }
}
