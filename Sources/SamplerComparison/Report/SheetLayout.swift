/// A row of a contact sheet with the lines above it.
struct SheetStrip: Sendable {
  struct Entry: Sendable {
    let heading: String
    /// A file name, nil where there is nothing to show.
    let picture: String?
    let caption: [String]
  }

  /// Of its block.
  let title: String
  /// Whether the title is written above it: it is the first row of its block or of its sheet.
  var isTitled: Bool
  let label: String
  /// Nil for a number of steps that this row does not have.
  let entries: [Entry?]

  /// All rows of all blocks, each as long as there are columns.
  static func blocks(_ results: ComparisonResults) -> [SheetStrip] {
    struct Block: Hashable {
      let prompt: Int
      let seed: UInt64
    }
    var blocks: [Block] = []
    var methods: [SamplingMethod] = []
    var cells: [CellKey: CellRecord] = [:]
    for cell in results.cells {
      let block = Block(prompt: cell.key.prompt, seed: cell.key.seed)
      if !blocks.contains(block) { blocks.append(block) }
      if !methods.contains(cell.key.method) { methods.append(cell.key.method) }
      cells[cell.key] = cell
    }
    let steps = Set(results.cells.map(\.key.steps)).sorted()
    return blocks.flatMap { block in
      let prompt = results.prompts.indices.contains(block.prompt) ? results.prompts[block.prompt] : ""
      let rows = methods.compactMap { method -> SheetStrip? in
        let row = steps.map { count in
          cells[
            CellKey(
              sampler: method.sampler, schedule: method.schedule, steps: count, seed: block.seed,
              prompt: block.prompt)]
        }
        guard row.contains(where: { $0 != nil }) else { return nil }
        let reference = results.references.isEmpty ? [] : [Entry(referenceOf: row, in: results)]
        return SheetStrip(
          title: "seed \(block.seed)  \(prompt)", isTitled: false, label: Verdict.name(method),
          entries: reference + row.map { $0.map { Entry($0) } })
      }
      return rows.enumerated().map { index, row in
        var row = row
        row.isTitled = index == 0
        return row
      }
    }
  }
}

extension SheetStrip.Entry {
  init(_ cell: CellRecord) {
    heading = cell.key.steps == 1 ? "1 step" : "\(cell.key.steps) steps"
    picture = cell.picture
    var caption = [cell.networkCalls == 1 ? "1 call" : "\(cell.networkCalls) calls"]
    if let measure = cell.measure { caption.append("\(Numbers.fixed(measure.psnr, 1)) dB") }
    if let seconds = Spread(cell.samplingSeconds)?.median { caption.append("\(Numbers.seconds(seconds)) s") }
    self.caption = caption
  }

  init(referenceOf row: [CellRecord?], in results: ComparisonResults) {
    heading = "reference"
    let reference = row.lazy.compactMap { $0.flatMap { results.reference(of: $0) } }.first
    picture = reference?.picture
    caption = reference.map { ["\($0.networkCalls) calls"] } ?? ["none"]
  }
}

/// Where things lie on a contact sheet whose thumbnails are of one size.
struct SheetLayout: Sendable {
  /// Wider sheets are awkward to look at, so longer rows are broken.
  private static let greatestWidth = 4096
  /// More than that WebP cannot hold.
  private static let greatestHeight = 16383
  private static let longestWord = "1000 calls"
  private static let usualCaption = "100 calls 28.1 dB 0.21 s"

  let thumbnailWidth: Int
  let thumbnailHeight: Int
  /// Of letters.
  let scale: Int
  let columns: Int
  /// From one column to the next.
  let pitch: Int
  let width: Int
  let margin = 12
  let gap = 8

  init(side: Int, setting: ComparisonSetting, columns: Int) {
    let longer = Double(max(1, setting.width, setting.height))
    thumbnailWidth = max(1, Int((Double(side) * Double(setting.width) / longer).rounded()))
    thumbnailHeight = max(1, Int((Double(side) * Double(setting.height) / longer).rounded()))
    scale = max(1, thumbnailWidth / BitmapFont.width(Self.usualCaption, scale: 1))
    pitch = max(thumbnailWidth, BitmapFont.width(Self.longestWord, scale: 1)) + gap
    self.columns = max(1, min(columns, (Self.greatestWidth - 2 * margin) / pitch))
    width = 2 * margin + self.columns * pitch - gap
  }

  var line: Int { BitmapFont.lineHeight * scale }
  var titleHeight: Int { line + 2 * gap }

  /// The parts in one line if any caption of three fits, else each in its own.
  func lines(_ caption: [String]) -> [String] {
    captionLines == 1 ? [caption.joined(separator: " ")] : caption
  }

  private var captionLines: Int {
    BitmapFont.width(Self.usualCaption, scale: scale) <= pitch - gap ? 1 : 3
  }

  func height(of strip: SheetStrip) -> Int {
    let title = strip.isTitled ? titleHeight : 0
    return title + (2 + captionLines) * line + thumbnailHeight + 2 * scale + gap
  }

  func height(_ strips: [SheetStrip]) -> Int {
    strips.reduce(2 * margin) { $0 + height(of: $1) }
  }

  /// Whether all strips go on one sheet.
  func fits(_ strips: [SheetStrip], _ pixels: Int) -> Bool {
    height(strips) <= min(Self.greatestHeight, pixels / width)
  }

  /// Rows with more entries than columns are broken into several.
  func wrapped(_ rows: [SheetStrip]) -> [SheetStrip] {
    rows.flatMap { row in
      stride(from: 0, to: row.entries.count, by: columns).map { start in
        SheetStrip(
          title: row.title, isTitled: start == 0 && row.isTitled,
          label: start == 0 ? row.label : "\(row.label), continued",
          entries: Array(row.entries[start..<min(start + columns, row.entries.count)]))
      }
    }
  }

  /// As many strips on each sheet as go on it, at least one.
  func pages(_ strips: [SheetStrip], _ pixels: Int) -> [[SheetStrip]] {
    let room = min(Self.greatestHeight, pixels / width)
    var pages: [[SheetStrip]] = [[]]
    var used = 2 * margin
    for var strip in strips {
      if !pages[pages.count - 1].isEmpty, used + height(of: strip) > room {
        pages.append([])
        strip.isTitled = true
        used = 2 * margin
      }
      used += height(of: strip)
      pages[pages.count - 1].append(strip)
    }
    return pages
  }
}
