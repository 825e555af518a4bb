import Pictures

/// All pictures of a comparison on a sheet, or on several where one would be too large: a block for each prompt and
/// seed, a row for each sampler and schedule that begins with its reference, a column for each number of steps.
package struct ContactSheet: Sendable {
  package struct Limits: Sendable {
    /// Of one sheet.
    package var pixels = 16_000_000
    /// In pixels along the longer side, unless the pictures themselves are smaller.
    package var smallestThumbnail = 64
    package var largestThumbnail = 512

    package init() {}
  }

  /// One sheet at least.
  private let sheets: [[SheetStrip]]
  private let layout: SheetLayout

  /// How many sheets there are.
  package var count: Int { sheets.count }

  /// - Throws: `ComparisonError.noCells`.
  package init(_ results: ComparisonResults, limits: Limits = Limits()) throws {
    guard !results.cells.isEmpty else { throw ComparisonError.noCells }
    let rows = SheetStrip.blocks(results)
    let columns = rows.map(\.entries.count).max() ?? 1
    let setting = results.setting
    var side = min(limits.largestThumbnail, max(setting.width, setting.height))
    let smallest = min(side, limits.smallestThumbnail)
    var layout = SheetLayout(side: side, setting: setting, columns: columns)
    var strips = layout.wrapped(rows)
    while side > smallest, !layout.fits(strips, limits.pixels) {
      side = max(smallest, side - max(1, side / 32))
      layout = SheetLayout(side: side, setting: setting, columns: columns)
      strips = layout.wrapped(rows)
    }
    self.layout = layout
    sheets = layout.pages(strips, limits.pixels)
  }

  /// `contact-sheet.png`, then `contact-sheet-2.png` and so on.
  package static func fileName(_ sheet: Int) -> String {
    sheet == 0 ? "contact-sheet.png" : "contact-sheet-\(sheet + 1).png"
  }

  /// Draws a sheet. Pictures are asked for one at a time and held no longer than it takes to shrink them.
  /// - Parameters:
  ///   - sheet: from 0.
  ///   - picture: the picture of a file name in the results.
  package func drawn(_ sheet: Int, picture: @escaping (_ fileName: String) throws -> Picture) throws
    -> Picture
  {
    let strips = sheets[sheet]
    var canvas = Canvas(width: layout.width, height: layout.height(strips))
    var thumbnails = Thumbnails(layout: layout, source: picture)
    var y = layout.margin
    for strip in strips {
      try draw(strip, on: &canvas, y: y, &thumbnails)
      y += layout.height(of: strip)
    }
    return canvas.picture
  }

  private func draw(
    _ strip: SheetStrip, on canvas: inout Canvas, y: Int, _ thumbnails: inout Thumbnails
  ) throws {
    var y = y
    let room = layout.width - 2 * layout.margin
    if strip.isTitled {
      canvas.rule(y: y, margin: layout.margin)
      let text = BitmapFont.fitted(strip.title, width: room, scale: layout.scale)
      canvas.write(text, x: layout.margin, y: y + layout.gap, scale: layout.scale)
      y += layout.titleHeight
    }
    let label = BitmapFont.fitted(strip.label, width: room, scale: layout.scale)
    canvas.write(label, x: layout.margin, y: y, scale: layout.scale)
    for (column, entry) in strip.entries.enumerated() {
      guard let entry else { continue }
      let x = layout.margin + column * layout.pitch
      var y = y + layout.line
      canvas.write(entry.heading, x: x, y: y, scale: layout.scale, level: Canvas.grey)
      y += layout.line
      if let file = entry.picture {
        canvas.set(try thumbnails.thumbnail(file, keeping: column == 0), x: x, y: y)
      }
      y += layout.thumbnailHeight + layout.scale * 2
      for line in layout.lines(entry.caption) {
        canvas.write(
          BitmapFont.fitted(line, width: layout.pitch, scale: layout.scale), x: x, y: y, scale: layout.scale)
        y += layout.line
      }
    }
  }
}

/// Shrinks pictures, and keeps one: the reference, which many rows begin with.
private struct Thumbnails {
  let layout: SheetLayout
  let source: (String) throws -> Picture
  private var kept: (name: String, picture: Picture)?

  init(layout: SheetLayout, source: @escaping (String) throws -> Picture) {
    self.layout = layout
    self.source = source
  }

  mutating func thumbnail(_ name: String, keeping: Bool) throws -> Picture {
    if let kept, kept.name == name { return kept.picture }
    let picture = try source(name)
    let scale = min(
      1, Double(layout.thumbnailWidth) / Double(picture.width),
      Double(layout.thumbnailHeight) / Double(picture.height))
    let thumbnail = picture.resized(
      width: max(1, Int((Double(picture.width) * scale).rounded())),
      height: max(1, Int((Double(picture.height) * scale).rounded())))
    if keeping { kept = (name, thumbnail) }
    return thumbnail
  }
}
