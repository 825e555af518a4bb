import SystemFiles
import Weights

/// A JSON file of a model folder cannot be used.
package struct ConfigurationError: Error, CustomStringConvertible, Sendable {
  package let description: String

  package init(file: String, field: String, problem: String) {
    description = "\(file): \(field): \(problem)"
  }
}

/// The fields of a `config.json`, with errors that name the file and the field.
package struct ConfigurationFile {
  package private(set) var path: String
  private var fields: [String: JSONValue]

  /// - Parameter path: what errors call the file.
  /// - Throws: `ConfigurationError` if it is not a JSON object.
  package init(_ path: String, _ bytes: [UInt8]) throws(ConfigurationError) {
    let value: JSONValue
    do {
      value = try JSONValue(bytes, dialect: .python)
    } catch {
      throw ConfigurationError(file: path, field: "file", problem: "cannot be read as JSON: \(error)")
    }
    guard case .object(let fields) = value else {
      throw ConfigurationError(file: path, field: "file", problem: "is not a JSON object")
    }
    self.path = path
    self.fields = fields
    // diffusers notes which fields were the defaults of the class that wrote them; the reader's own hold for them.
    for field in (try? strings("_use_default_values")) ?? [] { self.fields[field] = nil }
  }

  /// The names of all fields that are set.
  package var names: [String] { fields.keys.filter(has).sorted() }

  /// The same file with values for fields that it lacks.
  package func filled(with defaults: [String: JSONValue]) -> ConfigurationFile {
    setting(defaults.filter { !has($0.key) })
  }

  /// The same file with other values.
  package func setting(_ values: [String: JSONValue]) -> ConfigurationFile {
    var file = self
    file.fields.merge(values) { $1 }
    return file
  }

  package subscript(_ field: String) -> JSONValue { fields[field] ?? .null }

  package func error(_ field: String, _ problem: String) -> ConfigurationError {
    ConfigurationError(file: path, field: field, problem: problem)
  }

  package func has(_ field: String) -> Bool { fields[field] ?? .null != .null }

  /// Fails if a field is null whose default in diffusers is another value.
  package func expectNotNull(_ names: [String]) throws {
    for field in names where fields[field] == JSONValue.null {
      throw error(field, "null is not supported; expected a value")
    }
  }

  /// A whole number within `range`, or `fallback` where the field is missing or null.
  package func integer(_ field: String, _ range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int
  {
    guard has(field) else {
      if let fallback { return fallback }
      throw error(field, "is missing; expected a whole number")
    }
    return try checked(fields[field], field, range)
  }

  /// A whole number, or a list of the same one for each level.
  package func common(_ field: String, _ range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int
  {
    guard case .list = self[field] else { return try integer(field, range, default: fallback) }
    guard case .number = self[field].common else {
      throw error(field, "\(self[field]) is not supported; expected one whole number")
    }
    return try checked(self[field].common, field, range)
  }

  /// Whether diffusers 0.`minor` and later came after the one that wrote the file.
  package func isOlderThan(minor: Int) throws -> Bool {
    guard let version = try string("_diffusers_version") else { return false }
    let parts = version.split(separator: ".").prefix(2).map { Int($0) ?? 0 }
    return parts.count == 2 && parts[0] == 0 && parts[1] < minor
  }

  /// A list of whole numbers within `range`; a single number stands for `count` of them.
  package func integers(_ field: String, _ range: ClosedRange<Int>, count: Int? = nil) throws -> [Int] {
    if case .list(let list) = fields[field] {
      guard count == nil || list.count == count else {
        throw error(field, "has \(list.count) entries, expected \(count ?? 0)")
      }
      return try list.map { try checked($0, field, range) }
    }
    guard let count else { throw error(field, "is missing; expected a list of whole numbers") }
    return try Array(repeating: integer(field, range), count: count)
  }

  package func number(_ field: String, _ range: ClosedRange<Double>, default fallback: Double? = nil) throws
    -> Double
  {
    guard has(field) else {
      if let fallback { return fallback }
      throw error(field, "is missing; expected a number")
    }
    guard case .number(let value) = fields[field], range.contains(value) else {
      throw error(field, "expected a number in \(range)")
    }
    return value
  }

  /// A list of `count` numbers within `range`.
  package func numbers(_ field: String, _ range: ClosedRange<Double>, count: Int) throws -> [Double] {
    let failure = error(field, "expected a list of \(count) numbers in \(range)")
    guard case .list(let list) = fields[field], list.count == count else { throw failure }
    return try list.map {
      guard case .number(let value) = $0, range.contains(value) else { throw failure }
      return value
    }
  }

  /// A list of any length, or nil where the field is missing or null.
  package func numbers(_ field: String, _ range: ClosedRange<Double>) throws -> [Double]? {
    guard has(field) else { return nil }
    guard case .list(let list) = fields[field] else { throw error(field, "expected a list of numbers") }
    return try numbers(field, range, count: list.count)
  }

  package func string(_ field: String) throws -> String? {
    guard has(field) else { return nil }
    guard case .text(let value) = fields[field] else { throw error(field, "expected a string") }
    return value
  }

  package func strings(_ field: String) throws -> [String]? {
    guard has(field) else { return nil }
    let failure = error(field, "expected a list of strings")
    guard case .list(let list) = fields[field] else { throw failure }
    return try list.map {
      guard case .text(let text) = $0 else { throw failure }
      return text
    }
  }

  package func flag(_ field: String, default fallback: Bool = false) throws -> Bool {
    guard has(field) else { return fallback }
    guard case .flag(let value) = fields[field] else { throw error(field, "expected true or false") }
    return value
  }

  /// A list of true and false for `count` things; a single one, or none for false, stands for all of them.
  package func flags(_ field: String, count: Int) throws -> [Bool] {
    guard case .list(let list) = self[field] else { return Array(repeating: try flag(field), count: count) }
    let flags = list.compactMap { if case .flag(let value) = $0 { value } else { nil } }
    guard flags.count == count, list.count == count else {
      throw error(field, "expected true or false, or a list of \(count) of them")
    }
    return flags
  }

  /// Fails unless each field is missing, null or one of the values that are followed here. A list of equal values is as
  /// good as one of them.
  package func expect(_ followed: [String: [JSONValue]]) throws {
    for (field, values) in followed.sorted(by: { $0.key < $1.key }) where has(field) {
      guard !values.contains(self[field]), !values.contains(self[field].common) else { continue }
      let expected = values.isEmpty ? "null" : values.map(\.description).joined(separator: " or ")
      throw error(field, "\(self[field]) is not supported; expected \(expected)")
    }
  }

  /// An object within the file, as a file of its own; nil where the field is missing or null.
  package func object(_ field: String) throws -> ConfigurationFile? {
    guard has(field) else { return nil }
    guard case .object(let fields) = self[field] else { throw error(field, "expected an object") }
    var file = self
    (file.path, file.fields) = ("\(path): \(field)", fields)
    return file
  }

  /// One of a list of names, or nil where the field is missing or null.
  package func choice<Value: RawRepresentable & CaseIterable>(_ field: String, _ type: Value.Type) throws
    -> Value?
  where Value.RawValue == String {
    guard let name = try string(field) else { return nil }
    guard let value = Value(rawValue: name) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: " or ")
      throw error(field, "\"\(name)\" is not supported; expected \(known)")
    }
    return value
  }

  private func checked(_ value: JSONValue?, _ field: String, _ range: ClosedRange<Int>) throws -> Int {
    guard case .number(let value) = value, let whole = Int(exactly: value), range.contains(whole) else {
      throw error(field, "expected a whole number in \(range.lowerBound)...\(range.upperBound)")
    }
    return whole
  }
}

extension JSONValue {
  /// What all entries of a list are, and all of theirs, or the value itself.
  fileprivate var common: JSONValue {
    guard case .list(let entries) = self, let first = entries.first?.common,
      entries.allSatisfy({ $0.common == first })
    else { return self }
    return first
  }
}
