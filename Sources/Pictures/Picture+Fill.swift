extension Picture {
  /// The picture with the colours around a part of it blurred into that part: the farther from its edge, the broader
  /// the mean. What is known is averaged into ever smaller pictures, which then fill the larger ones (pull-push, Gortler
  /// et al. 1996).
  /// - Parameter shares: of each pixel how far it is filled, 0...1, rows from the top.
  package func filled(_ shares: [Float]) -> Picture {
    precondition(shares.count == width * height, "\(shares.count) shares for \(width)x\(height) pixels")
    guard shares.contains(0), shares.contains(where: { $0 > 0 }) else { return self }
    let known = Known(width: width, height: height, colours: pixels.map(Float.init), filling: shares)
    let colours = known.completed()
    let mixed = pixels.indices.map { index in
      let (share, old) = (shares[index / 3], Float(pixels[index]))
      return UInt8((old + share * (colours[index] - old)).rounded(.toNearestOrEven).clamped(to: 0...255))
    }
    return Picture(width: width, height: height, pixels: mixed)
  }

  /// The picture with its part shifted so that it meets another picture at the part's edge: what the two differ by around the
  /// part goes on into it, ever smoother.
  /// - Parameter shares: of each pixel how far it belongs to the part, 0...1.
  package func meeting(_ other: Picture, at shares: [Float]) -> Picture {
    precondition(
      shares.count == width * height && other.pixels.count == pixels.count, "pictures of two sizes")
    guard shares.contains(0), shares.contains(where: { $0 > 0 }) else { return self }
    let differences = zip(other.pixels, pixels).map { Float($0) - Float($1) }
    let known = Known(width: width, height: height, colours: differences, filling: shares)
    let shifted = zip(pixels, known.completed()).map { pixel, shift in
      UInt8((Float(pixel) + shift).rounded(.toNearestOrEven).clamped(to: 0...255))
    }
    return Picture(width: width, height: height, pixels: shifted)
  }
}

/// Colours that are known in part.
private struct Known {
  let width: Int
  let height: Int
  /// `[height, width, 3]`: means of what is known, 0 where nothing is.
  private var colours: [Float]
  /// How far each pixel is known, 0...1: of the picture itself, those that are not filled at all.
  private var weights: [Float]

  init(width: Int, height: Int, colours: [Float], filling shares: [Float]) {
    (self.width, self.height, self.colours) = (width, height, colours)
    weights = shares.map { $0 == 0 ? 1 : 0 }
  }

  /// Half the size: each pixel the mean of up to four by their weights, known as far as they are together.
  private init(half other: Known) {
    (width, height) = ((other.width + 1) / 2, (other.height + 1) / 2)
    weights = [Float](repeating: 0, count: width * height)
    colours = [Float](repeating: 0, count: 3 * width * height)
    for y in 0..<other.height {
      for x in 0..<other.width {
        let (from, to) = (y * other.width + x, y / 2 * width + x / 2)
        weights[to] += other.weights[from]
        for channel in 0..<3 {
          colours[3 * to + channel] += other.weights[from] * other.colours[3 * from + channel]
        }
      }
    }
    for index in weights.indices where weights[index] > 0 {
      for channel in 0..<3 { colours[3 * index + channel] /= weights[index] }
      weights[index] = min(1, weights[index])
    }
  }

  /// All colours: known ones as they are, others from the picture of half the size.
  func completed() -> [Float] {
    guard weights.contains(where: { $0 < 1 }), width > 1 || height > 1 else { return colours }
    let half = Known(half: self)
    let coarse = half.completed()
    var result = colours
    for y in 0..<height {
      for x in 0..<width {
        let index = y * width + x
        guard weights[index] < 1 else { continue }
        for channel in 0..<3 {
          let blurred = half.sampled(coarse, x, y, channel)
          result[3 * index + channel] = blurred + weights[index] * (result[3 * index + channel] - blurred)
        }
      }
    }
    return result
  }

  /// Colours of this size at a pixel of the picture twice as large, by linear interpolation.
  private func sampled(_ colours: [Float], _ x: Int, _ y: Int, _ channel: Int) -> Float {
    // A pixel's middle lies a quarter of a coarse pixel from that of the coarse one that it is in.
    func neighbours(_ place: Int, _ count: Int) -> (near: Int, far: Int) {
      (place / 2, min(max(place / 2 + (place % 2 == 0 ? -1 : 1), 0), count - 1))
    }
    let (columns, rows) = (neighbours(x, width), neighbours(y, height))
    func colour(_ column: Int, _ row: Int) -> Float { colours[3 * (row * width + column) + channel] }
    func mixed(_ row: Int) -> Float {
      0.75 * colour(columns.near, row) + 0.25 * colour(columns.far, row)
    }
    return 0.75 * mixed(rows.near) + 0.25 * mixed(rows.far)
  }
}

extension Float {
  fileprivate func clamped(to range: ClosedRange<Float>) -> Float {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
