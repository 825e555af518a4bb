/// How a picture is cut into tiles of one size, so that one program serves all of them.
///
/// A network without attention and norms makes each place of its result out of the places around it, up to its reach. So
/// of each tile the part that is as far from the tile's edges counts, and where the tile's edge is the picture's, all of
/// it: number for number what the whole picture would give.
package struct PictureTiles {
  /// What a tile reads along one axis, and what of its result counts, both as places of the picture.
  package struct Span: Equatable {
    package let read: Range<Int>
    package let kept: Range<Int>
  }

  /// A row and a column of them.
  struct Tile {
    let rows: Span
    let columns: Span
  }

  package let rows: [Span]
  let columns: [Span]

  /// - Parameters:
  ///   - reach: how many places around its own a place depends on.
  ///   - side: the most places of a tile's side.
  package init(height: Int, width: Int, reach: Int, side: Int) {
    rows = PictureTiles.spans(height, reach, side)
    columns = PictureTiles.spans(width, reach, side)
  }

  /// Of every tile.
  var height: Int { rows[0].read.count }
  var width: Int { columns[0].read.count }
  var count: Int { rows.count * columns.count }

  private static func spans(_ length: Int, _ reach: Int, _ side: Int) -> [Span] {
    precondition(side > 2 * reach, "tiles of \(side) with a reach of \(reach)")
    guard length > side else { return [Span(read: 0..<length, kept: 0..<length)] }
    // As few as possible, and then as small as possible.
    let inner = length - 2 * reach
    let count = (inner + side - 2 * reach - 1) / (side - 2 * reach)
    let step = (inner + count - 1) / count
    var end = 0
    return (0..<count).map { index in
      let start = min(index * step, length - step - 2 * reach)
      let next = index == count - 1 ? length : start + reach + step
      defer { end = next }
      return Span(read: start..<(start + step + 2 * reach), kept: end..<next)
    }
  }
}
