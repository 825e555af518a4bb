/// What tells a method's line from others, in colour and without: samplers have a colour and a shape, schedules a
/// dash and full or hollow shapes.
struct PlotStyle {
  /// How many colours the page's style has.
  static let colours = 8
  private static let shapes = 7
  private static let dashes = ["", "5 3", "1.5 3", "9 3 2 3", "13 3", "3 1.5", "1.5 6", "9 2 2 2 2 2"]

  private let sampler: Int
  private let schedule: Int

  /// - Parameters:
  ///   - sampler: its place among the comparison's samplers.
  ///   - schedule: its place among the schedules.
  init(sampler: Int, schedule: Int) {
    self.sampler = sampler
    self.schedule = schedule
  }

  var colourClass: String { "c\(sampler % Self.colours)" }

  var dashAttribute: String {
    let dash = Self.dashes[schedule % Self.dashes.count]
    return dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""
  }

  var fillAttribute: String { schedule % 2 == 0 ? "" : " class=\"hollow\"" }

  /// A closed path around (x, y).
  func marker(x: Double, y: Double) -> String {
    func corners(_ offsets: [(Double, Double)]) -> String {
      let places = offsets.map { "\(Numbers.fixed(x + $0.0, 1)) \(Numbers.fixed(y + $0.1, 1))" }
      return "M\(places.joined(separator: "L"))Z"
    }
    switch sampler % Self.shapes {
    case 0:
      let start = "M\(Numbers.fixed(x - 3.7, 1)) \(Numbers.fixed(y, 1))"
      return start + "a3.7 3.7 0 1 0 7.4 0a3.7 3.7 0 1 0 -7.4 0Z"
    case 1: return corners([(-3.4, -3.4), (3.4, -3.4), (3.4, 3.4), (-3.4, 3.4)])
    case 2: return corners([(0, -4.6), (4.4, 3.2), (-4.4, 3.2)])
    case 3: return corners([(0, -5), (5, 0), (0, 5), (-5, 0)])
    case 4: return corners([(0, 4.6), (4.4, -3.2), (-4.4, -3.2)])
    case 5:
      return corners([
        (-1.5, -4.6), (1.5, -4.6), (1.5, -1.5), (4.6, -1.5), (4.6, 1.5), (1.5, 1.5), (1.5, 4.6), (-1.5, 4.6),
        (-1.5, 1.5), (-4.6, 1.5), (-4.6, -1.5), (-1.5, -1.5),
      ])
    default: return corners([(-4.6, 0), (3.2, -4.4), (3.2, 4.4)])
    }
  }

  /// For a legend: a piece of the line with its shape.
  var swatch: String {
    "<svg class=\"swatch\" viewBox=\"0 0 34 14\" aria-hidden=\"true\"><g class=\"series \(colourClass)\">"
      + "<polyline points=\"1,7 33,7\"\(dashAttribute)/><path d=\"\(marker(x: 17, y: 7))\"\(fillAttribute)/></g></svg>"
  }
}
