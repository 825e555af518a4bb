import Darkroom
import FoundationEssentials
import Glibc

/// A request of `--from`.
package struct Row: Sendable, Equatable {
  /// From 1; headers and empty lines do not count.
  package let number: Int
  /// Of the file, from 1.
  package let line: Int
  package var request: GenerationRequest
  /// The name of its picture within the output folder, if the row says one.
  package var output: String?

  package init(number: Int, line: Int, request: GenerationRequest, output: String? = nil) {
    self.number = number
    self.line = line
    self.request = request
    self.output = output
  }
}

/// A file of requests: CSV with a header, JSON lines, or a prompt a line. Its fields are those of requests as JSON, and
/// `output`.
package struct RowFile: Sendable {
  /// The last part of its path.
  package let name: String
  package private(set) var rows: [Row] = []
  /// A line for each value that is not possible, naming row and field.
  package private(set) var problems: [String] = []

  static let byteLimit = 64 << 20

  /// - Parameters:
  ///   - path: of a file, or `-` for the standard input, which is JSON lines if it begins with `{"`, else prompts.
  ///   - defaults: what holds for fields that a row does not have, or leaves empty in CSV.
  /// - Throws: `DarkroomError` of kind `request` if the file as a whole cannot be read.
  package init(path: String, defaults: GenerationRequest) throws {
    if path == "-" {
      let text = try Self.text(path)
      if text.hasPrefix("{\"") {
        try self.init(jsonLines: text, name: "stdin", defaults: defaults)
      } else {
        try self.init(prompts: text, name: "stdin", defaults: defaults)
      }
      return
    }
    let name = URL(fileURLWithPath: path).lastPathComponent
    switch OutputPlace.ending(of: path).lowercased() {
    case ".csv": try self.init(csv: Self.text(path), name: name, defaults: defaults)
    case ".jsonl": try self.init(jsonLines: Self.text(path), name: name, defaults: defaults)
    case ".txt": try self.init(prompts: Self.text(path), name: name, defaults: defaults)
    default:
      throw DarkroomError(
        .request,
        "--from: \(quoted(path)) is not possible; expected a file that ends in .csv, .jsonl or .txt, or -")
    }
  }

  package init(csv text: String, name: String, defaults: GenerationRequest) throws {
    self.name = name
    var records = try CSV.records(text, file: name)
    guard !records.isEmpty else { throw failure("is empty; expected a line with the names of the columns") }
    let header = records.removeFirst().fields.map { $0.trimmingSpaces() }
    for (index, column) in header.enumerated() {
      guard let field = Field(column) else {
        throw failure("the header: \(Field.refusal(column, "column"))")
      }
      if header[..<index].contains(where: { Field($0)?.key == field.key }) {
        throw failure("the header: has \(quoted(column)) twice")
      }
    }
    if !header.contains(Field.promptName) {
      throw failure("the header: has no column \(quoted(Field.promptName))")
    }
    for record in records {
      var builder = RowBuilder(number: rows.count + 1, line: record.line, defaults: defaults)
      if record.fields.count != header.count {
        builder.problems.append(
          "has \(record.fields.count) fields; expected \(header.count) as in the header")
      } else {
        for (column, cell) in zip(header, record.fields) where !cell.isEmpty {
          builder.set(column, cell: cell)
        }
      }
      take(builder)
    }
  }

  package init(jsonLines text: String, name: String, defaults: GenerationRequest) throws {
    self.name = name
    for record in try JSONLines.records(text, file: name) {
      var builder = RowBuilder(number: rows.count + 1, line: record.line, defaults: defaults)
      for (field, value) in record.fields.sorted(by: { $0.key < $1.key }) where value != .null {
        builder.set(field, value)
      }
      take(builder)
    }
  }

  /// A prompt a line; empty lines and those that begin with # are left out.
  package init(prompts text: String, name: String, defaults: GenerationRequest) throws {
    self.name = name
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let prompt = String(line).trimmingSpaces()
      if prompt.isEmpty || prompt.hasPrefix("#") { continue }
      var builder = RowBuilder(number: rows.count + 1, line: index + 1, defaults: defaults)
      builder.set(Field.promptName, .text(prompt))
      // A1111 reads flags in such files.
      if prompt.hasPrefix("--") {
        builder.problems.append(
          "begins with --; expected a prompt (a .csv file has columns for other fields)")
      }
      take(builder)
    }
  }

  private mutating func take(_ builder: RowBuilder) {
    rows.append(builder.row)
    let missing = builder.hasPrompt || !builder.problems.isEmpty ? [] : ["\(Field.promptName): is missing"]
    problems += (builder.problems + missing).map {
      "\(singleLine(name)), row \(builder.row.number) (line \(builder.row.line)): \($0)"
    }
  }

  private func failure(_ what: String) -> DarkroomError {
    DarkroomError(.request, "\(singleLine(name)): \(what)")
  }

  /// A text in UTF-8, with or without a mark at its beginning.
  /// - Parameter flag: what names the path, for errors.
  static func text(_ path: String, flag: String = "--from") throws -> String {
    let bytes = try bytes(path, flag)
    guard bytes.count <= byteLimit else {
      throw DarkroomError(.request, "\(flag): \(quoted(path)) is too long; expected at most 64 MiB")
    }
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
      throw DarkroomError(.request, "\(flag): \(quoted(path)) is not text in UTF-8")
    }
    return text
  }

  /// The file's bytes, or more than `byteLimit` of them. It may be a pipe.
  private static func bytes(_ path: String, _ flag: String) throws -> [UInt8] {
    func failure() -> DarkroomError {
      DarkroomError(
        .request, "\(flag): \(quoted(path)) cannot be read: \(String(cString: strerror(errno)))")
    }
    let file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure() }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while bytes.count <= byteLimit {
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return bytes
  }
}

/// What a column or field of a row stands for.
private enum Field {
  case request(RequestField)
  case output

  static let promptName = "prompt"
  static let names = RequestField.all.map(\.key).sorted() + ["output"]

  init?(_ name: String) {
    if name == "output" {
      self = .output
    } else if let field = RequestField.named(name) {
      self = .request(field)
    } else {
      return nil
    }
  }

  /// The name of what it stands for, whatever it is called.
  var key: String {
    switch self {
    case .request(let field): field.key
    case .output: "output"
    }
  }

  static func refusal(_ name: String, _ kind: String) -> String {
    "unknown \(kind) \(quoted(String(name.prefix(64))))\(NearNames.hint(name, among: names))"
      + "; expected \(names.joined(separator: ", "))"
  }
}

/// A row on its way from text.
private struct RowBuilder {
  var row: Row
  var hasPrompt = false
  var problems: [String] = []

  init(number: Int, line: Int, defaults: GenerationRequest) {
    row = Row(number: number, line: line, request: defaults)
  }

  /// Takes a cell of CSV, where everything is text.
  mutating func set(_ name: String, cell: String) {
    guard case .request(let field) = Field(name) else { return set(name, .text(cell)) }
    let isText = [.text, .name].contains(field.kind)
    set(name, field.value(ofText: isText ? cell : cell.trimmingSpaces()))
  }

  mutating func set(_ name: String, _ value: FieldValue) {
    switch Field(name) {
    case nil: problems.append(Field.refusal(name, "field"))
    case .output:
      guard case .text(let text) = value, PictureName.isPlain(text) else {
        problems.append(Arguments.refusal(name, value.plain, PictureName.expected).description)
        return
      }
      row.output = text
    case .request(let field):
      guard field.set(value, in: &row.request) else {
        problems.append(
          Arguments.refusal(name, value.plain, field.expected(), help: field.advice(value)).description)
        return
      }
      if field.key == Field.promptName { hasPrompt = true }
    }
  }
}
