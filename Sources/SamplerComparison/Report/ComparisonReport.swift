import FoundationEssentials
import Pictures

/// `report.html`: one page that needs nothing beside itself, no network and no script.
package enum ComparisonReport {
  /// What every report's title begins with.
  static let title = "Samplers compared"
  /// Of the sheet that is part of the page, as text (base64).
  private static let longestSheet = 2_000_000

  /// - Parameter picture: the picture of a file name in the results, asked for one at a time; without it the page
  ///   has no pictures.
  package static func html(
    _ results: ComparisonResults, picture: ((_ fileName: String) throws -> Picture)? = nil
  ) throws -> String {
    let summary = ComparisonSummary(results)
    let styles = MethodStyles(results)
    let verdict = Verdict(summary)
    var body = head(results.setting, verdict, hasPictures: picture != nil && !results.cells.isEmpty)
    for kind in [ComparisonKind.ode, .path] where !summary.methods(of: kind).isEmpty {
      body += ReportPlots(results: results, summary: summary, styles: styles, kind: kind).html
    }
    body += ReportTables.notComparable(summary)
    body += ReportTables.everything(summary, styles)
    body += ReportText.setting(results)
    body += ReportText.repeatability(summary)
    body += ReportText.method(results)
    if let picture, !results.cells.isEmpty { body += try sheet(results, picture) }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title): \(HTML.escaped(results.setting.model))</title>
      <style>
      \(ReportStyle.css)
      </style>
      </head>
      <body>
      <main>
      \(body)</main>
      </body>
      </html>

      """
  }

  private static func head(_ setting: ComparisonSetting, _ verdict: Verdict, hasPictures: Bool) -> String {
    let size = "\(setting.width)x\(setting.height)"
    let what = "\(title): \(setting.model), \(size), \(setting.precision), \(setting.computes)"
    var html = "<h1>\(HTML.escaped(what))</h1>\n<p class=\"answer\">\(HTML.escaped(verdict.answer)).</p>\n"
    if !verdict.alternatives.isEmpty {
      html += "<p class=\"alternatives\">\(HTML.escaped(verdict.alternatives)).</p>\n"
    }
    html += verdict.remarks.map { "<p class=\"remark\">\(HTML.escaped($0))</p>\n" }.joined()
    let sections = [("figures", "All figures"), ("setting", "Setting"), ("method", "How this was measured")]
    let links = (sections + (hasPictures ? [("pictures", "The pictures")] : [])).map { section in
      "<a href=\"#\(section.0)\">\(section.1)</a>"
    }
    return html + "<nav class=\"remark\">\(links.joined(separator: " &middot; "))</nav>\n"
  }

  private static func sheet(
    _ results: ComparisonResults, _ picture: @escaping (String) throws -> Picture
  ) throws -> String {
    // Drawn anew and smaller, so that its letters stay sharp.
    var limits = ContactSheet.Limits()
    limits.pixels = 5_000_000
    let sheet = try ContactSheet(results, limits: limits)
    let text = try text(of: sheet.drawn(0, picture: picture))
    let files = try (0..<ContactSheet(results).count).map { sheet in
      let name = ContactSheet.fileName(sheet)
      return "<a href=\"\(name)\">\(name)</a>"
    }
    let part = sheet.count > 1 ? "The first of the pictures; all of them, larger: " : "Larger: "
    return """
      <h2 id="pictures">The pictures</h2>
      <figure><img class="sheet" alt="All pictures, a row for each sampler and schedule, the reference first" \
      src="data:image/jpeg;base64,\(text)">
      <figcaption>\(part)\(files.joined(separator: ", ")).</figcaption></figure>

      """
  }

  /// As a JPEG in base64, made smaller until it is short enough.
  private static func text(of sheet: Picture) throws -> String {
    var sheet = sheet
    while true {
      let text = Data(try sheet.encoded(as: .jpeg, quality: 82)).base64EncodedString()
      guard text.utf8.count > longestSheet, min(sheet.width, sheet.height) > 1 else { return text }
      let scale = min(0.95, (Double(longestSheet) / Double(text.utf8.count)).squareRoot())
      sheet = sheet.resized(
        width: max(1, Int(Double(sheet.width) * scale)), height: max(1, Int(Double(sheet.height) * scale)))
    }
  }
}

/// Which style a method's line has in every plot.
struct MethodStyles {
  private let samplers: [String]
  private let schedules: [String]

  init(_ results: ComparisonResults) {
    var samplers: [String] = []
    var schedules: [String] = []
    for cell in results.cells {
      if !samplers.contains(cell.key.sampler) { samplers.append(cell.key.sampler) }
      if !schedules.contains(cell.key.schedule) { schedules.append(cell.key.schedule) }
    }
    (self.samplers, self.schedules) = (samplers, schedules)
  }

  func style(_ method: SamplingMethod) -> PlotStyle {
    PlotStyle(
      sampler: samplers.firstIndex(of: method.sampler) ?? 0,
      schedule: schedules.firstIndex(of: method.schedule) ?? 0)
  }
}
