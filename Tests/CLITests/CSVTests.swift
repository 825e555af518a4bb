import Darkroom
import Testing

import DarkroomCLI

@Suite struct CSVTests {
  private func fields(_ text: String) throws -> [[String]] {
    try CSV.records(text, file: "f.csv").map(\.fields)
  }

  @Test func readsRecords() throws {
    #expect(try fields("a,b\n1,2\n") == [["a", "b"], ["1", "2"]])
    #expect(try fields("a,b\r\n1,2") == [["a", "b"], ["1", "2"]])
    #expect(try fields("a,\n,b\n") == [["a", ""], ["", "b"]])
    #expect(try fields("").isEmpty)
    #expect(try fields("\n\r\n\n").isEmpty)
    #expect(try fields(",") == [["", ""]])
  }

  @Test func readsQuotes() throws {
    #expect(try fields("\"a, \"\"b\"\"\",c") == [["a, \"b\"", "c"]])
    #expect(try fields("\"two\r\nlines\",\"\"\r\nx,y") == [["two\r\nlines", ""], ["x", "y"]])
    #expect(try fields("日本,\"é🎨\"") == [["日本", "é🎨"]])
  }

  @Test func countsLines() throws {
    let records = try CSV.records("a\n\n\"x\ny\nz\"\nb\n", file: "f.csv")
    #expect(records.map(\.line) == [1, 3, 6])
  }

  @Test(arguments: [
    ("a\n\"b", "f.csv, line 2: a quote that is not closed"),
    ("\"a\nb\nc", "f.csv, line 1: a quote that is not closed"),
    (
      "a\nb\"c\"",
      "f.csv, line 2: a quote inside a field; expected quotes around the whole field, and \"\" for one inside"
    ),
    ("\"a\"b", "f.csv, line 1: text after a closing quote; expected a comma or the end of the line"),
    ("a\rb", "f.csv, line 1: a carriage return without a line feed"),
    ("a\r", "f.csv, line 1: a carriage return without a line feed"),
  ])
  func refuses(text: String, message: String) {
    #expect { try fields(text) } throws: { "\($0)" == message }
  }
}
