import Families
import Pictures

/// Between a picture's pixels and what a network reads and makes of a tile.
struct TileCells {
  private let picture: Picture
  private let tiles: PictureTiles
  private let inputCell: Int
  private let outputCell: Int
  private let addsPicture: Bool
  /// Pixels of the result for each pixel, along an axis.
  private let scale: Int
  /// Of the whole result, in pixels.
  let width: Int
  let height: Int

  init(_ picture: Picture, _ model: UpscalingModel, _ tiles: PictureTiles) {
    (self.picture, self.tiles) = (picture, tiles)
    (inputCell, outputCell, scale) = (model.inputCell, model.outputCell, model.scale)
    addsPicture = model.addsPicture
    (width, height) = (picture.width * scale, picture.height * scale)
  }

  /// Numbers of a tile.
  var inputCount: Int { tiles.height * tiles.width * inputCell * inputCell * 3 }
  var outputCount: Int { inputCount * scale * scale }
  /// Bytes of the rows of the result that the highest row of tiles makes.
  var bandCount: Int { tiles.rows.map { rows($0).count }.max().map { $0 * width * 3 } ?? 0 }

  /// Rows of the result that a row of tiles makes.
  func rows(_ span: PictureTiles.Span) -> Range<Int> { kept(span, of: height) }

  private func kept(_ span: PictureTiles.Span, of pixels: Int) -> Range<Int> {
    span.kept.lowerBound * step..<min(span.kept.upperBound * step, pixels)
  }

  /// Pixels of the result for a place that is read, along an axis.
  private var step: Int { inputCell * scale }

  /// The pixels that a tile reads, from 0 to 1. Where cells reach beyond the picture, it is reflected there.
  func read(_ tile: PictureTiles.Tile, into numbers: inout [Float]) {
    let (cell, sideBytes) = (inputCell, picture.width * 3)
    let columns = tile.columns.read.lowerBound * cell..<tile.columns.read.upperBound * cell
    picture.pixels.withUnsafeBufferPointer { pixels in
      numbers.withUnsafeMutableBufferPointer { numbers in
        for y in tile.rows.read.lowerBound * cell..<tile.rows.read.upperBound * cell {
          let row = reflected(y, picture.height) * sideBytes
          let placeRow = (y / cell - tile.rows.read.lowerBound) * columns.count / cell
          for x in columns {
            let pixel = row + 3 * reflected(x, picture.width)
            let place = placeRow + x / cell - tile.columns.read.lowerBound
            for colour in 0..<3 {
              let channel = (colour * cell + y % cell) * cell + x % cell
              numbers[place * 3 * cell * cell + channel] = Float(pixels[pixel + colour]) / 255
            }
          }
        }
      }
    }
  }

  private func reflected(_ position: Int, _ count: Int) -> Int {
    position < count ? position : max(0, 2 * (count - 1) - position)
  }

  /// Rounds what counts of a tile to levels, ties to even, and puts it in its place.
  /// - Parameter pixels: of the rows that the tile's row of tiles makes.
  /// - Throws: `DarkroomError` of kind `nonFinite`.
  func write(
    _ numbers: [Float], of tile: PictureTiles.Tile, into pixels: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    try requireFinite(numbers)
    let (rows, columns) = (rows(tile.rows), kept(tile.columns, of: width))
    let (top, left) = (tile.rows.read.lowerBound * step, tile.columns.read.lowerBound * step)
    let cell = outputCell
    let placeNumbers = 3 * cell * cell
    let rowNumbers = tiles.width * step / cell * placeNumbers
    // A row of a cell lies together, and of cells of one pixel the whole row of the tile.
    let run = cell == 1 ? columns.count * 3 : cell * 3
    var below = [Float](repeating: 0, count: columns.count * 3)
    numbers.withUnsafeBufferPointer { numbers in
      for y in rows {
        if addsPicture, y == rows.lowerBound || y % scale == 0 { enlarge(y, columns, into: &below) }
        var from = (y - top) / cell * rowNumbers + (columns.lowerBound - left) / cell * placeNumbers
        from += (y - top) % cell * cell * 3
        let start = ((y - rows.lowerBound) * width + columns.lowerBound) * 3
        below.withUnsafeBufferPointer { below in
          for at in stride(from: 0, to: below.count, by: run) {
            for i in at..<at + run { pixels[start + i] = level(below[i] + numbers[from + i - at]) }
            from += placeNumbers
          }
        }
      }
    }
  }

  /// A part of a row of the picture, as nearest neighbour enlarges it.
  private func enlarge(_ y: Int, _ columns: Range<Int>, into numbers: inout [Float]) {
    let row = y / scale * picture.width
    for x in columns {
      for colour in 0..<3 {
        numbers[(x - columns.lowerBound) * 3 + colour] =
          Float(picture.pixels[(row + x / scale) * 3 + colour]) / 255
      }
    }
  }

  /// 0...1 to 0...255. Adding 1.5 times 2^23 rounds to a whole number, whose bits are then the last of the sum's.
  @inline(__always) private func level(_ x: Float) -> UInt8 {
    UInt8(truncatingIfNeeded: (max(0, min(1, x)) * 255 + 12_582_912).bitPattern)
  }

  private func requireFinite(_ numbers: [Float]) throws {
    var largest: UInt32 = 0
    for number in numbers { largest = max(largest, number.bitPattern & 0x7fff_ffff) }
    guard largest >= Float.infinity.bitPattern else { return }
    let count = numbers.count { !$0.isFinite }
    throw DarkroomError(.nonFinite, "upscaling: \(count) of \(numbers.count) values of a tile are not finite")
  }
}
