import Graph

/// A network that makes a larger picture of a picture.
///
/// Its graph has the input `picture` and the output `picture`, red, green and blue from 0 to 1, of one picture. Both may
/// have squares of neighbouring pixels as channels of one place, *cells*: a network that works at a size of its own has
/// them before its first convolution or after its last.
package protocol UpscalingNetwork: Sendable {
  /// How many times as wide and high the result is.
  var scale: Int { get }
  /// Pixels of a side of the cells that are read: `[1, height, width, 3 x side x side]`, channels in the order of
  /// colours, rows of the cell, columns.
  var inputCell: Int { get }
  /// The same of the cells that are made, in the order of rows, columns, colours.
  var outputCell: Int { get }
  /// Whether what is made is to be added to the picture, as nearest neighbour enlarges it. Whoever does that needs no more
  /// digits for small changes than the network stores.
  var addsPicture: Bool { get }
  /// How many places around its own a place of the result depends on, in cells of the input.
  var reach: Int { get }
  /// Whether a plan in strips may keep values on the way, so that it computes little twice.
  var keepsValues: Bool { get }
  /// What it is, for people.
  var title: String { get }
  /// - Parameters:
  ///   - height: of the input in cells, as is `width`.
  func graph(height: Int, width: Int) -> Graph
}
