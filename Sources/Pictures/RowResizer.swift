/// Makes a picture of another size out of rows that come one after the other from the top: first along rows, then along
/// columns. It keeps as many rows as the filter needs. Each pass cuts what overshoots black or white, as PIL does; between
/// the passes nothing is rounded.
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
      columns.widen(row, into: UnsafeMutableBufferPointer(rebasing: $0[start..<start + newWidth * 3]))
    }
    while made < newHeight, rows.end(of: made) <= taken + 1 { makeRow(rows) }
  }

  /// The new picture, after the last row.
  package consuming func picture() -> Picture {
    Picture(width: newWidth, height: newHeight, pixels: pixels)
  }

  private mutating func makeRow(_ rows: ResizeTaps) {
    let count = newWidth * 3
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { sums in
      sums.initialize(repeating: 0)
      window.withUnsafeBufferPointer { window in
        rows.forEachTap(of: made) { tap, weight in
          let start = tap % windowRows * count
          for i in 0..<count { sums[i] += weight * window[start + i] }
        }
      }
      pixels.withUnsafeMutableBufferPointer { pixels in
        for i in 0..<count {
          pixels[made * count + i] = UInt8(max(0, min(255, sums[i])).rounded(.toNearestOrEven))
        }
      }
    }
    made += 1
  }
}

extension ResizeTaps {
  /// A row of another width, 0 to 255.
  fileprivate func widen(_ row: UnsafeBufferPointer<UInt8>, into values: UnsafeMutableBufferPointer<Float>) {
    for column in 0..<outputs {
      var (red, green, blue) = (Float(0), Float(0), Float(0))
      forEachTap(of: column) { tap, weight in
        red += weight * Float(row[3 * tap])
        green += weight * Float(row[3 * tap + 1])
        blue += weight * Float(row[3 * tap + 2])
      }
      values[3 * column] = max(0, min(255, red))
      values[3 * column + 1] = max(0, min(255, green))
      values[3 * column + 2] = max(0, min(255, blue))
    }
  }
}
