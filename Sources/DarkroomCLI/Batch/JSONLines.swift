import Darkroom
import FoundationEssentials

/// JSON objects, one a line.
enum JSONLines {
  struct Record: Sendable {
    /// The line of the file, from 1.
    let line: Int
    let fields: [String: FieldValue]
  }

  /// All records; empty lines are none.
  /// - Throws: `DarkroomError` of kind `request` with the line.
  static func records(_ text: String, file: String) throws -> [Record] {
    var records: [Record] = []
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if line.allSatisfy(\.properties.isWhitespace) { continue }
      do {
        let fields = try JSONDecoder().decode([String: FieldValue].self, from: Data(String(line).utf8))
        records.append(Record(line: index + 1, fields: fields))
      } catch {
        throw DarkroomError(.request, "\(singleLine(file)), line \(index + 1): is not a JSON object")
      }
    }
    return records
  }
}
