/// Lines through points on two axes, as inline SVG. Colours come from the page's style, by class.
struct Plot {
  struct Point {
    let x: Double
    let y: Double
    /// What a pointer that rests on it is told.
    let title: String
  }

  struct Series {
    let style: PlotStyle
    let points: [Point]
  }

  /// A line across at a height that means something.
  struct Mark {
    let y: Double
    let label: String
  }

  let title: String
  let xTitle: String
  let yTitle: String
  let x: PlotAxis
  let y: PlotAxis
  let series: [Series]
  /// A staircase from left to right.
  var front: [Point] = []
  var mark: Mark?

  private static let width = 520.0
  private static let height = 372.0
  private static let left = 46.0
  private static let right = 14.0
  private static let top = 30.0
  private static let bottom = 44.0

  var svg: String {
    let size = "0 0 \(Numbers.plain(Self.width)) \(Numbers.plain(Self.height))"
    return
      "<svg class=\"plot\" viewBox=\"\(size)\" role=\"img\" aria-label=\"\(HTML.escaped(title))\">\n"
      + axes + frontLine + markLine + series.map(line).joined() + "</svg>\n"
  }

  private var axes: String {
    let (leftEnd, rightEnd) = (Self.left, Self.width - Self.right)
    let (topEnd, bottomEnd) = (Self.top, Self.height - Self.bottom)
    var svg = "<g class=\"axes\">\n"
    for tick in x.ticks {
      guard let place = column(tick.value) else { continue }
      svg += segment(place, topEnd, place, bottomEnd)
      svg += text(tick.label, place, bottomEnd + 18, "middle")
    }
    for tick in y.ticks {
      guard let place = row(tick.value) else { continue }
      svg += segment(leftEnd, place, rightEnd, place)
      svg += text(tick.label, leftEnd - 7, place + 4, "end")
    }
    svg += segment(leftEnd, bottomEnd, rightEnd, bottomEnd, "base")
    svg += text(xTitle, (leftEnd + rightEnd) / 2, Self.height - 6, "middle", "name")
    svg += text(yTitle, 2, 14, "start", "name")
    return svg + "</g>\n"
  }

  /// Nothing is nearer in less time than the corner before a step shows.
  private var frontLine: String {
    var corners: [String] = []
    var height: Double?
    for point in front {
      guard let column = column(point.x), let row = row(point.y) else { continue }
      if let height { corners.append("\(coordinate(column)),\(coordinate(height))") }
      corners.append("\(coordinate(column)),\(coordinate(row))")
      height = row
    }
    guard let height else { return "" }
    corners.append("\(coordinate(Self.width - Self.right)),\(coordinate(height))")
    return "<polyline class=\"front\" points=\"\(corners.joined(separator: " "))\"/>\n"
  }

  private var markLine: String {
    guard let mark, let place = row(mark.y) else { return "" }
    let end = Self.width - Self.right
    return segment(Self.left, place, end, place, "mark") + text(mark.label, end - 4, place - 5, "end", "mark")
  }

  private func line(_ series: Series) -> String {
    let places = series.points.compactMap { point in
      column(point.x).flatMap { column in row(point.y).map { (column, $0, point.title) } }
    }
    let path = places.map { "\(coordinate($0.0)),\(coordinate($0.1))" }.joined(separator: " ")
    var svg = "<g class=\"series \(series.style.colourClass)\">\n"
    svg += "<polyline points=\"\(path)\"\(series.style.dashAttribute)/>\n"
    for (column, row, title) in places {
      svg += "<path d=\"\(series.style.marker(x: column, y: row))\"\(series.style.fillAttribute)>"
      svg += "<title>\(HTML.escaped(title))</title></path>\n"
    }
    return svg + "</g>\n"
  }

  private func column(_ value: Double) -> Double? {
    x.place(value).map { Self.left + $0 * (Self.width - Self.left - Self.right) }
  }

  private func row(_ value: Double) -> Double? {
    y.place(value).map { Self.height - Self.bottom - $0 * (Self.height - Self.top - Self.bottom) }
  }

  private func segment(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String? = nil)
    -> String
  {
    let style = name.map { " class=\"\($0)\"" } ?? ""
    let (start, end) = ((coordinate(x1), coordinate(y1)), (coordinate(x2), coordinate(y2)))
    return "<line\(style) x1=\"\(start.0)\" y1=\"\(start.1)\" x2=\"\(end.0)\" y2=\"\(end.1)\"/>\n"
  }

  private func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: String, _ name: String? = nil
  ) -> String {
    let style = name.map { " class=\"\($0)\"" } ?? ""
    return "<text\(style) x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" text-anchor=\"\(anchor)\">"
      + "\(HTML.escaped(text))</text>\n"
  }

  private func coordinate(_ value: Double) -> String { Numbers.fixed(value, 1) }
}
