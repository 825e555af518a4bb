import Glibc

/// Text from outside in quotes, on one line.
func quoted(_ text: String) -> String { "'\(singleLine(text))'" }

/// The text with control characters as `\n` or `\u{1B}`, so that it stays on one line and cannot steer a terminal.
package func singleLine(_ text: String) -> String {
  var line = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      line += scalar.escaped(asASCII: true)
    default: line.unicodeScalars.append(scalar)
    }
  }
  return line
}

/// Columns of help texts.
package let helpColumns = 80

/// A text in lines of so many columns, broken at spaces alone.
package func wrapped(_ text: String, columns: Int = helpColumns) -> String {
  var lines = [""]
  for word in text.split(whereSeparator: \.isWhitespace) {
    let line = lines[lines.count - 1]
    if line.isEmpty {
      lines[lines.count - 1] = String(word)
    } else if line.count + 1 + word.count <= columns {
      lines[lines.count - 1] = "\(line) \(word)"
    } else {
      lines.append(String(word))
    }
  }
  return lines.joined(separator: "\n")
}

/// A number with so many digits after the point.
func fixed(_ value: Double, places: Int) -> String { printed("%.\(places)f", value) }

/// A number with so many digits that count, as 1.23 or 1.23e+04.
func significant(_ value: Double, digits: Int) -> String { printed("%.\(digits)g", value) }

private func printed(_ format: String, _ value: Double) -> String {
  // The largest number has 309 digits before the point.
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { text in
    let length = withVaList([value]) { vsnprintf(text.baseAddress, text.count, format, $0) }
    return String(decoding: UnsafeRawBufferPointer(text).prefix(Int(length)), as: UTF8.self)
  }
}

/// Seconds as 0:45, 12:05 or 1:02:03.
package func clock(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "?" }
  let whole = Int(max(0, seconds).rounded())
  func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let tail = twoDigits(whole % 60)
  if whole < 3600 { return "\(whole / 60):\(tail)" }
  return "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(tail)"
}

/// Bytes in the unit that fits: 640 B, 1.5 MiB, 3.2 GiB.
package func readableBytes(_ bytes: Int) -> String {
  var value = Double(bytes)
  for unit in ["B", "KiB", "MiB"] {
    if value < 1024 { return unit == "B" ? "\(bytes) B" : "\(fixed(value, places: 1)) \(unit)" }
    value /= 1024
  }
  return "\(fixed(value, places: 1)) GiB"
}

/// The reverse: a number with its unit, in bytes; nil if it is no such thing, or not at least one byte.
package func bytes(_ text: String) -> Int? {
  let units = [
    ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9),
    ("TB", 1e12), ("B", 1),
  ]
  guard let (unit, size) = units.first(where: { text.hasSuffix($0.0) }) else { return nil }
  let digits = text.dropLast(unit.count)
  guard digits.first?.isNumber == true,
    digits.unicodeScalars.allSatisfy({ "0123456789.".unicodeScalars.contains($0) }),
    let number = Double(digits), number * size >= 1
  else { return nil }
  return Int(exactly: (number * size).rounded(.down))
}

/// Rows in columns that are as wide as their widest cell, two spaces apart.
package func table(_ rows: [[String]], indent: Int = 0) -> String {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in
    rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
  }
  return rows.map { row in
    var line = String(repeating: " ", count: indent)
    for (column, cell) in row.enumerated() {
      line += cell
      if column + 1 < row.count {
        line += String(repeating: " ", count: widths[column] - cell.count + 2)
      }
    }
    return line.trimmingSuffix(" ")
  }.joined(separator: "\n")
}

extension String {
  /// Without spaces and tabulators around it.
  func trimmingSpaces() -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "\t" || scalar.properties.generalCategory == .spaceSeparator
    }
    let scalars = unicodeScalars.drop(while: isSpace)
    let end = scalars.lastIndex { !isSpace($0) }
    return end.map { String(scalars[...$0]) } ?? ""
  }
}
