import Glibc

/// How pixels of another size are mixed from those of a picture.
package enum ResizeFilter: Sendable {
  /// Lanczos' window of three lobes: sharp, for what people look at. Where it shrinks the window is as much wider, so
  /// that fine detail does not alias. Beside hard edges it overshoots a little.
  case lanczos
  /// The mean of the area that a pixel covers, of its parts too: for masks, whose shares stay shares, and nothing
  /// appears where nothing was. Enlarged, it repeats pixels.
  case area
}

extension Picture {
  /// The picture at another size, first along rows, then along columns. Each pass cuts what overshoots black or white,
  /// as PIL does; between the passes nothing is rounded.
  package func resized(width: Int, height: Int, by filter: ResizeFilter = .lanczos) -> Picture {
    guard (width, height) != (self.width, self.height) else { return self }
    let widened = widened(ResizeTaps(from: self.width, to: width, by: filter))
    let rows = ResizeTaps(from: self.height, to: height, by: filter)
    let rowCount = width * 3
    let resized = [UInt8](unsafeUninitializedCapacity: rowCount * height) { bytes, count in
      widened.withUnsafeBufferPointer { source in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rowCount) { sums in
          for row in 0..<height {
            sums.initialize(repeating: 0)
            rows.forEachTap(of: row) { tap, weight in
              for i in 0..<rowCount { sums[i] += weight * source[tap * rowCount + i] }
            }
            for i in 0..<rowCount {
              let level = max(0, min(255, sums[i])).rounded(.toNearestOrEven)
              bytes.initializeElement(at: row * rowCount + i, to: UInt8(level))
            }
          }
        }
      }
      count = rowCount * height
    }
    return Picture(width: width, height: height, pixels: resized)
  }

  /// The largest part around the middle that has the aspect of a size, resized to it.
  package func covering(width: Int, height: Int, by filter: ResizeFilter = .lanczos) -> Picture {
    let scale = min(Double(self.width) / Double(width), Double(self.height) / Double(height))
    let part = (
      width: min(self.width, max(1, Int((Double(width) * scale).rounded()))),
      height: min(self.height, max(1, Int((Double(height) * scale).rounded())))
    )
    return cropped(
      left: (self.width - part.width) / 2, top: (self.height - part.height) / 2, width: part.width,
      height: part.height
    ).resized(width: width, height: height, by: filter)
  }

  /// A part of the picture, within its edges.
  package func cropped(left: Int, top: Int, width: Int, height: Int) -> Picture {
    guard (width, height) != (self.width, self.height) else { return self }
    var part: [UInt8] = []
    part.reserveCapacity(width * height * 3)
    for row in top..<top + height {
      part += pixels[(3 * (row * self.width + left))..<(3 * (row * self.width + left + width))]
    }
    return Picture(width: width, height: height, pixels: part)
  }

  /// Rows of another width: `[height, width, 3]`, 0 to 255.
  private func widened(_ columns: ResizeTaps) -> [Float] {
    let newWidth = columns.outputs
    return [Float](unsafeUninitializedCapacity: height * newWidth * 3) { values, count in
      pixels.withUnsafeBufferPointer { pixels in
        for row in 0..<height {
          for column in 0..<newWidth {
            var (red, green, blue) = (Float(0), Float(0), Float(0))
            columns.forEachTap(of: column) { tap, weight in
              let from = 3 * (row * width + tap)
              red += weight * Float(pixels[from])
              green += weight * Float(pixels[from + 1])
              blue += weight * Float(pixels[from + 2])
            }
            let to = 3 * (row * newWidth + column)
            for (channel, value) in [red, green, blue].enumerated() {
              values.initializeElement(at: to + channel, to: max(0, min(255, value)))
            }
          }
        }
      }
      count = values.count
    }
  }
}

/// For each output pixel along an axis, the input pixels that it is mixed from and their weights, which sum to 1.
private struct ResizeTaps {
  private static let lobes = 3.0

  let outputs: Int
  /// The first input pixel of each output pixel.
  private let first: [Int]
  /// Where each output pixel's weights begin, and the end.
  private let starts: [Int]
  private let weights: [Float]

  init(from inputs: Int, to outputs: Int, by filter: ResizeFilter) {
    precondition(inputs > 0 && outputs > 0, "\(inputs) to \(outputs) pixels")
    self.outputs = outputs
    var first: [Int] = []
    var starts = [0]
    var weights: [Float] = []
    for output in 0..<outputs {
      let (low, window) =
        switch filter {
        case .lanczos: Self.lanczos(output, Double(inputs) / Double(outputs), within: inputs)
        case .area: Self.area(output, from: inputs, to: outputs)
        }
      // Beyond the picture's edge nothing is taken: the rest then counts more.
      let sum = window.reduce(0, +)
      weights += window.map { Float($0 / sum) }
      first.append(low)
      starts.append(weights.count)
    }
    (self.first, self.starts, self.weights) = (first, starts, weights)
  }

  private static func lanczos(_ output: Int, _ step: Double, within inputs: Int) -> (Int, [Double]) {
    let stretch = max(step, 1)
    // Pixels are squares whose centres lie at half coordinates.
    let centre = (Double(output) + 0.5) * step
    let reach = lobes * stretch
    let low = max(0, Int((centre - reach + 0.5).rounded(.down)))
    let high = min(inputs, Int((centre + reach + 0.5).rounded(.down)))
    return (low, (low..<high).map { window((Double($0) + 0.5 - centre) / stretch) })
  }

  /// How much of each input pixel lies within the output pixel, in whole numbers: an input pixel is `outputs` wide, an
  /// output pixel `inputs`.
  private static func area(_ output: Int, from inputs: Int, to outputs: Int) -> (Int, [Double]) {
    let (start, end) = (output * inputs, (output + 1) * inputs)
    let low = start / outputs
    let high = (end - 1) / outputs
    return (low, (low...high).map { Double(min(end, ($0 + 1) * outputs) - max(start, $0 * outputs)) })
  }

  /// sinc(x) sinc(x / 3) within three lobes (Duchon, 1979).
  private static func window(_ x: Double) -> Double {
    guard x != 0 else { return 1 }
    guard abs(x) < lobes else { return 0 }
    let angle = Double.pi * x
    return lobes * sin(angle) * sin(angle / lobes) / (angle * angle)
  }

  @inline(__always) func forEachTap(of output: Int, _ body: (_ input: Int, _ weight: Float) -> Void) {
    let start = starts[output]
    for index in start..<starts[output + 1] { body(first[output] + index - start, weights[index]) }
  }
}
