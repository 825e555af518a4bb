import Pictures

/// A white page to set pictures and letters on.
struct Canvas {
  static let black: UInt8 = 24
  static let grey: UInt8 = 105

  let width: Int
  let height: Int
  private var pixels: [UInt8]

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 255, count: width * height * 3)
  }

  var picture: Picture { Picture(width: width, height: height, pixels: pixels) }

  /// What lies beyond the page is cut off.
  mutating func write(_ text: String, x: Int, y: Int, scale: Int, level: UInt8 = Canvas.black) {
    BitmapFont.draw(text, scale: scale) { dotX, dotY in
      let (column, row) = (x + dotX, y + dotY)
      guard (0..<width).contains(column), (0..<height).contains(row) else { return }
      let start = 3 * (row * width + column)
      for channel in 0..<3 { pixels[start + channel] = level }
    }
  }

  /// Sets a picture with its upper left corner at (x, y), which must lie on the page, and cuts what does not fit.
  mutating func set(_ picture: Picture, x: Int, y: Int) {
    let columns = min(picture.width, width - x)
    guard columns > 0 else { return }
    for row in 0..<max(0, min(picture.height, height - y)) {
      let from = 3 * row * picture.width
      let to = 3 * ((y + row) * width + x)
      pixels.replaceSubrange(to..<(to + 3 * columns), with: picture.pixels[from..<(from + 3 * columns)])
    }
  }

  /// A rule of one pixel from edge to edge.
  mutating func rule(y: Int, margin: Int) {
    guard (0..<height).contains(y) else { return }
    for column in margin..<max(margin, width - margin) {
      for channel in 0..<3 { pixels[3 * (y * width + column) + channel] = 200 }
    }
  }
}
