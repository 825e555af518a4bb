import Glibc

/// How pixels of another size are mixed from those of a picture.
package enum ResizeFilter: Sendable {
  /// Lanczos' window of three lobes: sharp, for what people look at. Where it shrinks the window is as much wider, so
  /// that fine detail does not alias. Beside hard edges it overshoots a little.
  case lanczos
  /// Keys' cubic window (1981, a = -1/2) as PIL has it, level for level: what networks were trained to see. It widens where it
  /// shrinks, and each pass rounds to whole levels.
  case bicubic
  /// The mean of the area that a pixel covers, of its parts too: for masks, whose shares stay shares, and nothing
  /// appears where nothing was. Enlarged, it repeats pixels.
  case area
}

extension Picture {
  /// The picture at another size, first along rows, then along columns. Each pass cuts what overshoots black or white,
  /// as PIL does; between the passes nothing is rounded, unless the filter says so.
  package func resized(width: Int, height: Int, by filter: ResizeFilter = .lanczos) -> Picture {
    guard (width, height) != (self.width, self.height) else { return self }
    // What overshoots is cut between the passes, so their order shows. Pillow 13 (pull request 9549) turns it so.
    if filter == .bicubic, height < self.height, self.height - height > 2 * (self.width - width) {
      return transposed.resizedAlongRowsFirst(width: height, height: width, by: filter).transposed
    }
    return resizedAlongRowsFirst(width: width, height: height, by: filter)
  }

  private func resizedAlongRowsFirst(width: Int, height: Int, by filter: ResizeFilter) -> Picture {
    var resizer = RowResizer(
      width: self.width, height: self.height, newWidth: width, newHeight: height, by: filter)
    pixels.withUnsafeBufferPointer { pixels in
      for start in stride(from: 0, to: pixels.count, by: self.width * 3) {
        resizer.take(UnsafeBufferPointer(rebasing: pixels[start..<start + self.width * 3]))
      }
    }
    return resizer.picture()
  }

  /// Rows as columns.
  private var transposed: Picture {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count)
    for column in 0..<width {
      for row in 0..<height {
        let index = 3 * (row * width + column)
        result += pixels[index..<index + 3]
      }
    }
    return Picture(width: height, height: width, pixels: result)
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
}

/// For each output pixel along an axis, the input pixels that it is mixed from and their weights, which sum to 1.
struct ResizeTaps {
  private static let lobes = 3.0
  private static let cubicReach = 2.0

  let outputs: Int
  /// Input pixels of one output pixel at most.
  let most: Int
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
        case .lanczos:
          Self.window(
            output, Double(inputs) / Double(outputs), within: inputs, reach: Self.lobes, Self.lanczos)
        case .bicubic:
          Self.window(
            output, Double(inputs) / Double(outputs), within: inputs, reach: Self.cubicReach, Self.cubic)
        case .area: Self.area(output, from: inputs, to: outputs)
        }
      // Beyond the picture's edge nothing is taken: the rest then counts more.
      let sum = window.reduce(0, +)
      weights += window.map { filter == .bicubic ? Self.pillows($0 / sum) : Float($0 / sum) }
      first.append(low)
      starts.append(weights.count)
    }
    (self.first, self.starts, self.weights) = (first, starts, weights)
    most = zip(starts, starts.dropFirst()).map { $1 - $0 }.max() ?? 0
  }

  /// - Parameters:
  ///   - reach: pixels on each side of the middle where `weight` is not 0.
  private static func window(
    _ output: Int, _ step: Double, within inputs: Int, reach: Double, _ weight: (Double) -> Double
  ) -> (Int, [Double]) {
    let stretch = max(step, 1)
    // Pixels are squares whose centres lie at half coordinates.
    let centre = (Double(output) + 0.5) * step
    let reach = reach * stretch
    let low = max(0, Int((centre - reach + 0.5).rounded(.down)))
    let high = min(inputs, Int((centre + reach + 0.5).rounded(.down)))
    return (low, (low..<high).map { weight((Double($0) + 0.5 - centre) / stretch) })
  }

  /// How much of each input pixel lies within the output pixel, in whole numbers: an input pixel is `outputs` wide, an
  /// output pixel `inputs`.
  private static func area(_ output: Int, from inputs: Int, to outputs: Int) -> (Int, [Double]) {
    let (start, end) = (output * inputs, (output + 1) * inputs)
    let low = start / outputs
    let high = (end - 1) / outputs
    return (low, (low...high).map { Double(min(end, ($0 + 1) * outputs) - max(start, $0 * outputs)) })
  }

  /// PIL's weights have 22 binary digits after the point.
  private static func pillows(_ weight: Double) -> Float {
    let one = Double(1 << 22)
    return Float((weight * one).rounded() / one)
  }

  /// sinc(x) sinc(x / 3) within three lobes (Duchon, 1979).
  private static func lanczos(_ x: Double) -> Double {
    guard x != 0 else { return 1 }
    guard abs(x) < lobes else { return 0 }
    let angle = Double.pi * x
    return lobes * sin(angle) * sin(angle / lobes) / (angle * angle)
  }

  /// Two cubic pieces that meet smoothly (Keys, 1981), with a = -1/2.
  private static func cubic(_ x: Double) -> Double {
    let x = abs(x)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < cubicReach ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
  }

  /// Behind the last input pixel of an output pixel.
  func end(of output: Int) -> Int { first[output] + starts[output + 1] - starts[output] }

  @inline(__always) func forEachTap(of output: Int, _ body: (_ input: Int, _ weight: Float) -> Void) {
    let start = starts[output]
    for index in start..<starts[output + 1] { body(first[output] + index - start, weights[index]) }
  }
}
