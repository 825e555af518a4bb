import Darkroom

/// Comma-separated values of RFC 4180: quotes around fields with commas, quotes (doubled) or line ends.
package enum CSV {
  package struct Record: Equatable, Sendable {
    /// The line of the file on which it begins, from 1.
    package let line: Int
    package var fields: [String]
  }

  /// All records; empty lines are none.
  /// - Throws: `DarkroomError` of kind `request` with the line.
  package static func records(_ text: String, file: String) throws -> [Record] {
    var reader = Reader(scalars: Array(text.unicodeScalars), file: file)
    var records: [Record] = []
    while let record = try reader.record() {
      if record.fields != [""] { records.append(record) }
    }
    return records
  }

  private struct Reader {
    let scalars: [Unicode.Scalar]
    let file: String
    var position = 0
    var line = 1

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func record() throws -> Record? {
      guard next != nil else { return nil }
      var record = Record(line: line, fields: [])
      while true {
        record.fields.append(next == "\"" ? try quotedField() : try plainField())
        switch next {
        case ",": position += 1
        case nil: return record
        default:
          try lineEnd()
          return record
        }
      }
    }

    private mutating func plainField() throws -> String {
      var field = String.UnicodeScalarView()
      while let scalar = next, scalar != ",", scalar != "\n", scalar != "\r" {
        guard scalar != "\"" else {
          throw error(
            "a quote inside a field; expected quotes around the whole field, and \"\" for one inside")
        }
        field.append(scalar)
        position += 1
      }
      return String(field)
    }

    private mutating func quotedField() throws -> String {
      let start = line
      var field = String.UnicodeScalarView()
      position += 1
      while let scalar = next {
        position += 1
        if scalar == "\"" {
          guard next == "\"" else {
            guard next == nil || next == "," || next == "\n" || next == "\r" else {
              throw error("text after a closing quote; expected a comma or the end of the line")
            }
            return String(field)
          }
          position += 1
        }
        if scalar == "\n" { line += 1 }
        field.append(scalar)
      }
      line = start
      throw error("a quote that is not closed")
    }

    private mutating func lineEnd() throws {
      if next == "\r" {
        position += 1
        guard next == "\n" else { throw error("a carriage return without a line feed") }
      }
      position += 1
      line += 1
    }

    private func error(_ what: String) -> DarkroomError {
      DarkroomError(.request, "\(singleLine(file)), line \(line): \(what)")
    }
  }
}
