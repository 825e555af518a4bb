import SamplerComparison
import Pictures
import Testing

@Suite struct ContactSheetTests {
  private struct Missing: Error {}

  private func flat(_ level: UInt8, _ width: Int = 64, _ height: Int = 64) -> Picture {
    Picture(width: width, height: height, pixels: [UInt8](repeating: level, count: width * height * 3))
  }

  @Test func everyPictureIsThereOnce() throws {
    let results = Samples.results()
    let sheet = try ContactSheet(results)
    #expect(sheet.count == 1)
    var asked: [String] = []
    let picture = try sheet.drawn(0) { name in
      asked.append(name)
      return flat(100, 512, 512)
    }
    #expect(picture.width * picture.height <= 16_000_000)
    #expect(Set(asked) == Set(results.cells.map(\.picture) + results.references.map(\.picture)))
    // The reference that many rows begin with is read once a seed.
    #expect(asked.count == Set(asked).count)
  }

  @Test func tooMuchGoesOnFurtherSheets() throws {
    var limits = ContactSheet.Limits()
    limits.pixels = 200_000
    let results = Samples.results(prompts: ["one", "two", "three"])
    let sheet = try ContactSheet(results, limits: limits)
    #expect(sheet.count > 3)
    var asked: Set<String> = []
    for index in 0..<sheet.count {
      let picture = try sheet.drawn(index) { name in
        asked.insert(name)
        return flat(100, 512, 512)
      }
      #expect(picture.width * picture.height <= limits.pixels)
    }
    #expect(asked == Set(results.cells.map(\.picture) + results.references.map(\.picture)))
    #expect(
      [0, 1, 2].map(ContactSheet.fileName) == [
        "contact-sheet.png", "contact-sheet-2.png", "contact-sheet-3.png",
      ])
  }

  @Test func longRowsAreBroken() throws {
    let results = results((1...300).map { record(calls: $0, seed: 1) })
    let picture = try ContactSheet(results).drawn(0) { _ in flat(100, 512, 512) }
    #expect(picture.width <= 4096 && picture.width * picture.height <= 16_000_000)
  }

  /// The colours of the thumbnails are found where rows and columns say.
  @Test func rowsAreMethodsAndColumnsSteps() throws {
    let cells = [("a", 4, UInt8(10)), ("a", 8, 60), ("b", 4, 110), ("b", 8, 160)]
    let results = results(cells.map { record($0.0, calls: $0.1, seed: 1) })
    let levels = Dictionary(uniqueKeysWithValues: cells.map { ("\($0.0)-\($0.1)-1.png", $0.2) })
    let setting = results.setting
    let sheet = try ContactSheet(results).drawn(0) { flat(levels[$0] ?? 210, setting.width, setting.height) }
    var firsts: [UInt8: (column: Int, row: Int)] = [:]
    for row in 0..<sheet.height {
      for column in 0..<sheet.width {
        let level = sheet.pixels[3 * (row * sheet.width + column)]
        // Letters are 24 and 105, the rule 200, paper 255.
        if ![24, 105, 200, 255].contains(level), firsts[level] == nil { firsts[level] = (column, row) }
      }
    }
    #expect(firsts.keys.sorted() == [10, 60, 110, 160, 210])
    let place = { (level: UInt8) in firsts[level] ?? (column: 0, row: 0) }
    #expect(place(210).column < place(10).column && place(10).column < place(60).column)
    #expect(
      place(10).row == place(60).row && place(10).row == place(210).row && place(10).row < place(110).row)
    #expect(place(110).column == place(10).column && place(160).column == place(60).column)
  }

  /// A prompt of one letter each: letters differ, and what has none is a box.
  @Test func lettersDiffer() throws {
    func title(_ prompt: String) throws -> Picture {
      let cells = [record(calls: 4, seed: 1)]
      let results = ComparisonResults(setting: Self.tiny, prompts: [prompt], references: [], cells: cells)
      return try ContactSheet(results).drawn(0) { _ in flat(9, 16, 16) }
    }
    var seen: Set<[UInt8]> = []
    for code in UInt8(32)...126 {
      #expect(seen.insert(try title(String(Unicode.Scalar(code))).pixels).inserted, "letter \(code)")
    }
    #expect(try title("\u{E9}") == title("\u{96E8}"))
    #expect(try seen.insert(title("\u{E9}").pixels).inserted)
    // However long, a prompt stays on the sheet.
    #expect(try title(String(repeating: "long ", count: 900)).width == title("a").width)
  }

  @Test func smallAndOddPicturesAreTaken() throws {
    let results = ComparisonResults(
      setting: Self.tiny, prompts: ["a"], references: [], cells: [record(calls: 4, seed: 1)])
    _ = try ContactSheet(results).drawn(0) { _ in flat(9, 700, 1) }
    #expect(throws: Missing.self) { try ContactSheet(results).drawn(0) { _ in throw Missing() } }
    #expect(throws: ComparisonError.noCells) {
      try ContactSheet(ComparisonResults(setting: Self.tiny, prompts: [], references: [], cells: []))
    }
  }

  private static let tiny = ComparisonSetting(
    engineVersion: "1", model: "m", weights: "w", computes: "c", precision: "float32", width: 16, height: 16,
    guidanceScale: 1,
    negativePrompt: "", noise: "n", repeats: 1, referenceCalls: 200)
}
