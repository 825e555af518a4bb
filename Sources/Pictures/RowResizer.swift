/// Makes a picture of another size out of rows that come one after the other from the top: first along rows, then along
/// columns. It keeps as many rows as the filter needs. Each pass cuts what overshoots black or white, as PIL does; between
/// the passes nothing is rounded, unless the filter says so.
package struct RowResizer {
  private let width: Int
  private let height: Int
  private let newWidth: Int
  private let newHeight: Int
  /// Nil where the size stays, and rows are copied.
  private let columns: ResizeTaps?
  private let rows: ResizeTaps?
  /// Rows of the new width, 0 to 255: row i lies at i modulo their number.
  private var window: [Float] = []
  private let windowRows: Int
  /// Whether sums are doubles, floats otherwise.
  private let isPillows: Bool
  private var taken = 0
  private var made = 0
  private var pixels: [UInt8] = []

  /// - Parameters:
  ///   - width: of the rows that come, as is `height` their number.
  package init(width: Int, height: Int, newWidth: Int, newHeight: Int, by filter: ResizeFilter = .lanczos) {
    (self.width, self.height, self.newWidth, self.newHeight) = (width, height, newWidth, newHeight)
    let isCopy = (width, height) == (newWidth, newHeight)
    columns = isCopy ? nil : ResizeTaps(from: width, to: newWidth, by: filter)
    rows = isCopy ? nil : ResizeTaps(from: height, to: newHeight, by: filter)
    windowRows = rows?.most ?? 0
    isPillows = filter == .bicubic
  }

  /// What it keeps from the first row on: the new picture and the window.
  package var bytes: Int { newWidth * 3 * (newHeight + windowRows * MemoryLayout<Float>.stride) }

  /// Takes the next row.
  /// - Parameter row: `width` pixels of 8-bit RGB.
  package mutating func take(_ row: UnsafeBufferPointer<UInt8>) {
    precondition(row.count == width * 3 && taken < height, "row \(taken) of \(height), \(row.count) bytes")
    if taken == 0 {
      window = [Float](repeating: 0, count: windowRows * newWidth * 3)
      pixels = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
    }
    defer { taken += 1 }
    guard let columns, let rows else {
      pixels.withUnsafeMutableBufferPointer { pixels in
        _ = pixels[taken * row.count..<(taken + 1) * row.count].update(fromContentsOf: row)
      }
      return
    }
    let start = taken % windowRows * newWidth * 3
    window.withUnsafeMutableBufferPointer {
      let values = UnsafeMutableBufferPointer(rebasing: $0[start..<start + newWidth * 3])
      if isPillows {
        columns.widen(row, into: values, in: Double.self)
      } else {
        columns.widen(row, into: values, in: Float.self)
      }
    }
    while made < newHeight, rows.end(of: made) <= taken + 1 {
      if isPillows { makeRow(rows, in: Double.self) } else { makeRow(rows, in: Float.self) }
    }
  }

  /// The new picture, after the last row.
  package consuming func picture() -> Picture {
    Picture(width: newWidth, height: newHeight, pixels: pixels)
  }

  private mutating func makeRow<Sum: LevelSum>(_ rows: ResizeTaps, in _: Sum.Type) {
    let count = newWidth * 3
    withUnsafeTemporaryAllocation(of: Sum.self, capacity: count) { sums in
      sums.initialize(repeating: 0)
      window.withUnsafeBufferPointer { window in
        rows.forEachTap(of: made) { tap, weight in
          let start = tap % windowRows * count
          for i in 0..<count { sums[i] += Sum(weight) * Sum(window[start + i]) }
        }
      }
      pixels.withUnsafeMutableBufferPointer { pixels in
        for i in 0..<count {
          pixels[made * count + i] = sums[i].level
        }
      }
    }
    made += 1
  }
}

/// What levels are summed up in.
private protocol LevelSum: BinaryFloatingPoint {
  /// What the pass along rows leaves to the one along columns, 0 to 255.
  var betweenPasses: Float { get }
  var level: UInt8 { get }
}

extension Float: LevelSum {
  fileprivate var betweenPasses: Float { max(0, min(255, self)) }
  fileprivate var level: UInt8 { UInt8(betweenPasses.rounded(.toNearestOrEven)) }
}

/// As PIL sums and rounds; its sums are exact in doubles.
extension Double: LevelSum {
  fileprivate var betweenPasses: Float { Float(level) }
  fileprivate var level: UInt8 { UInt8(max(0, min(255, (self + 0.5).rounded(.down)))) }
}

extension ResizeTaps {
  /// A row of another width, 0 to 255.
  fileprivate func widen<Sum: LevelSum>(
    _ row: UnsafeBufferPointer<UInt8>, into values: UnsafeMutableBufferPointer<Float>, in _: Sum.Type
  ) {
    for column in 0..<outputs {
      var (red, green, blue) = (Sum(0), Sum(0), Sum(0))
      forEachTap(of: column) { tap, weight in
        red += Sum(weight) * Sum(row[3 * tap])
        green += Sum(weight) * Sum(row[3 * tap + 1])
        blue += Sum(weight) * Sum(row[3 * tap + 2])
      }
      values[3 * column] = red.betweenPasses
      values[3 * column + 1] = green.betweenPasses
      values[3 * column + 2] = blue.betweenPasses
    }
  }
}
