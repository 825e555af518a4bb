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
  package let path: String
  private let fields: [String: JSONValue]

  /// - Parameter path: what errors call the file.
  /// - Throws: `ConfigurationError` if it is not a JSON object.
  package init(_ path: String, _ bytes: [UInt8]) throws(ConfigurationError) {
    let value: JSONValue
    do {
      value = try JSONValue(bytes)
    } catch {
      throw ConfigurationError(file: path, field: "file", problem: "cannot be read as JSON: \(error)")
    }
    guard case .object(let fields) = value else {
      throw ConfigurationError(file: path, field: "file", problem: "is not a JSON object")
    }
    self.path = path
    self.fields = fields
  }

  package func error(_ field: String, _ problem: String) -> ConfigurationError {
    ConfigurationError(file: path, field: field, problem: problem)
  }

  package func has(_ field: String) -> Bool { fields[field] ?? .null != .null }

  /// A whole number within `range`, or `fallback` where the field is missing or null.
  package func integer(_ field: String, _ range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int
  {
    guard has(field) else {
      if let fallback { return fallback }
      throw error(field, "is missing; expected a whole number")
    }
    return try checked(fields[field], field, range)
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

  package func number(_ field: String, _ range: ClosedRange<Double>, default fallback: Double) throws
    -> Double
  {
    guard has(field) else { return fallback }
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

  package func flag(_ field: String, default fallback: Bool) throws -> Bool {
    guard has(field) else { return fallback }
    guard case .flag(let value) = fields[field] else { throw error(field, "expected true or false") }
    return value
  }

  /// Fails unless the field is missing, null or one of `accepted`: for options that are not supported.
  package func expect(_ field: String, _ accepted: [String]) throws {
    guard let value = try string(field), !accepted.contains(value) else { return }
    throw error(field, "\"\(value)\" is not supported; expected \(accepted.joined(separator: " or "))")
  }

  /// Fails if a field that asks for something unsupported is set to anything but null or false.
  package func expectUnset(_ names: [String]) throws {
    for field in names where has(field) && fields[field] != .flag(false) {
      throw error(field, "is not supported; expected null")
    }
  }

  private func checked(_ value: JSONValue?, _ field: String, _ range: ClosedRange<Int>) throws -> Int {
    guard case .number(let value) = value, let whole = Int(exactly: value), range.contains(whole) else {
      throw error(field, "expected a whole number in \(range.lowerBound)...\(range.upperBound)")
    }
    return whole
  }
}
