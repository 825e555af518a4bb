import Graph

/// `[batch, channels, height, width]` as `[batch, height, width, channels]`, the extents of `shape`.
func channelsLast(_ x: [Float], _ shape: Shape) -> [Float] {
  var result = [Float](repeating: 0, count: x.count)
  eachElement(shape) { last, first in result[last] = x[first] }
  return result
}

/// `[batch, height, width, channels]`, the extents of `shape`, as `[batch, channels, height, width]`.
func channelsFirst(_ x: [Float], _ shape: Shape) -> [Float] {
  var result = [Float](repeating: 0, count: x.count)
  eachElement(shape) { last, first in result[first] = x[last] }
  return result
}

/// Calls `body` with an element's index where channels are last and where they are first.
private func eachElement(_ shape: Shape, _ body: (Int, Int) -> Void) {
  let pixels = shape[1] * shape[2], channels = shape[3]
  for picture in 0..<shape[0] {
    for pixel in 0..<pixels {
      for channel in 0..<channels {
        body((picture * pixels + pixel) * channels + channel, (picture * channels + channel) * pixels + pixel)
      }
    }
  }
}
