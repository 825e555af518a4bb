import Darkroom
import FoundationEssentials

/// JSON objects of plain values, one a line.
enum JSONLines {
  struct Record: Sendable {
    /// The line of the file, from 1.
    let line: Int
    let fields: [String: Value]
  }

  enum Value: Decodable, Equatable, Sendable {
    case text(String)
    /// A number as it is written in Swift.
    case number(String)
    case null
    /// Anything else, by its name.
    case other(String)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        self = .null
      } else if let flag = try? value.decode(Bool.self) {
        self = .other("\(flag)")
      } else if let number = try? value.decode(Int.self) {
        self = .number("\(number)")
      } else if let number = try? value.decode(UInt64.self) {
        self = .number("\(number)")
      } else if let number = try? value.decode(Double.self) {
        self = .number("\(number)")
      } else if let text = try? value.decode(String.self) {
        self = .text(text)
      } else {
        self = .other("a list, an object or a number out of range")
      }
    }
  }

  /// All records; empty lines are none.
  /// - Throws: `DarkroomError` of kind `request` with the line.
  static func records(_ text: String, file: String) throws -> [Record] {
    var records: [Record] = []
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.allSatisfy(\.properties.isWhitespace) { continue }
      do {
        let fields = try JSONDecoder().decode([String: Value].self, from: Data(String(line).utf8))
        records.append(Record(line: index + 1, fields: fields))
      } catch {
        throw DarkroomError(.request, "\(singleLine(file)), line \(index + 1): is not a JSON object")
      }
    }
    return records
  }
}
