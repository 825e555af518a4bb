import Foundation

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
  private let fields: [String: Any]

  /// - Parameters:
  ///   - path: what errors call the file.
  ///   - contents: reads its bytes.
  /// - Throws: `ConfigurationError` if the file cannot be read or is not a JSON object.
  package init(_ path: String, contents: () throws -> Data) throws {
    self.path = path
    do {
      guard let fields = try JSONSerialization.jsonObject(with: contents()) as? [String: Any] else {
        throw ConfigurationError(file: path, field: "file", problem: "is not a JSON object")
      }
      self.fields = fields
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let reason = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
      throw ConfigurationError(
        file: path, field: "file", problem: "cannot be read as JSON: \(reason ?? error.localizedDescription)")
    }
  }

  /// As `init(_:contents:)`, for a file on disk.
  package init(_ url: URL) throws {
    try self.init(url.path) { try Data(contentsOf: url) }
  }

  package func error(_ field: String, _ problem: String) -> ConfigurationError {
    ConfigurationError(file: path, field: field, problem: problem)
  }

  package func has(_ field: String) -> Bool {
    guard let value = fields[field] else { return false }
    return !(value is NSNull)
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

  /// A list of whole numbers within `range`; a single number stands for `count` of them.
  package func integers(_ field: String, _ range: ClosedRange<Int>, count: Int? = nil) throws -> [Int] {
    if let list = fields[field] as? [Any] {
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
    guard let value = fields[field] as? NSNumber, !isBool(value), range.contains(value.doubleValue) else {
      throw error(field, "expected a number in \(range)")
    }
    return value.doubleValue
  }

  package func string(_ field: String) throws -> String? {
    guard has(field) else { return nil }
    guard let value = fields[field] as? String else { throw error(field, "expected a string") }
    return value
  }

  package func strings(_ field: String) throws -> [String]? {
    guard has(field) else { return nil }
    guard let value = fields[field] as? [String] else { throw error(field, "expected a list of strings") }
    return value
  }

  package func flag(_ field: String, default fallback: Bool) throws -> Bool {
    guard has(field) else { return fallback }
    guard let value = fields[field] as? NSNumber, isBool(value) else {
      throw error(field, "expected true or false")
    }
    return value.boolValue
  }

  /// Fails unless the field is missing, null or one of `accepted`: for options that are not supported.
  package func expect(_ field: String, _ accepted: [String]) throws {
    guard let value = try string(field), !accepted.contains(value) else { return }
    throw error(field, "\"\(value)\" is not supported; expected \(accepted.joined(separator: " or "))")
  }

  /// Fails if a field that asks for something unsupported is set to anything but null or false.
  package func expectUnset(_ names: [String]) throws {
    for field in names where has(field) {
      if let value = fields[field] as? NSNumber, isBool(value), !value.boolValue { continue }
      throw error(field, "is not supported; expected null")
    }
  }

  private func checked(_ value: Any?, _ field: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let value = value as? NSNumber, !isBool(value), let whole = Int(exactly: value.doubleValue),
      range.contains(whole)
    else { throw error(field, "expected a whole number in \(range.lowerBound)...\(range.upperBound)") }
    return whole
  }

  private func isBool(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}
