extension Picture {
  /// What lies beyond a picture's sides.
  package enum Beyond: Sendable {
    /// The picture as in a mirror, again and again.
    case mirror
    /// The colours of the edge.
    case edge
  }

  /// The picture with more on its sides.
  package func extended(_ margins: Margins, by beyond: Beyond = .mirror) -> Picture {
    func source(_ place: Int, _ count: Int) -> Int {
      if beyond == .edge { return min(max(place, 0), count - 1) }
      let period = 2 * count
      let within = ((place % period) + period) % period
      return within < count ? within : period - 1 - within
    }
    let size = (width: width + margins.left + margins.right, height: height + margins.up + margins.down)
    let columns = (0..<size.width).map { 3 * source($0 - margins.left, width) }
    var extended: [UInt8] = []
    extended.reserveCapacity(size.width * size.height * 3)
    for row in 0..<size.height {
      let start = 3 * width * source(row - margins.up, height)
      for column in columns { extended += pixels[(start + column)..<(start + column + 3)] }
    }
    return Picture(width: size.width, height: size.height, pixels: extended)
  }

  /// A white frame around the picture.
  package func framed(_ margins: Margins) -> Picture {
    let size = (width: width + margins.left + margins.right, height: height + margins.up + margins.down)
    var frame = Picture(
      width: size.width, height: size.height,
      pixels: [UInt8](repeating: 255, count: size.width * size.height * 3))
    frame.replace(left: margins.left, top: margins.up, by: self)
    return frame
  }

  /// Puts another picture over a part of this one, within its edges.
  package mutating func replace(left: Int, top: Int, by part: Picture) {
    var pixels = pixels
    for row in 0..<part.height {
      let start = 3 * ((top + row) * width + left)
      pixels.replaceSubrange(
        start..<start + 3 * part.width,
        with: part.pixels[(3 * row * part.width)..<(3 * (row + 1) * part.width)])
    }
    self = Picture(width: width, height: height, pixels: pixels)
  }
}

/// Pixels on the sides of a picture.
public struct Margins: Sendable, Equatable {
  public var left: Int
  public var right: Int
  public var up: Int
  public var down: Int

  public init(left: Int = 0, right: Int = 0, up: Int = 0, down: Int = 0) {
    (self.left, self.right, self.up, self.down) = (left, right, up, down)
  }
}
