import Graph

/// y[b, i, j, o] = Σ x[b, s·i + u − top, s·j + v − left, c] W[o, c, u, v] over channels c and the kernel's
/// taps (u, v); pixels outside the picture are zero. This is the cross-correlation that networks call a
/// convolution.
/// - Parameters:
///   - x: `[batch, height, width, channels]`, the extents of `from`
///   - weights: `[outputs, channels, kernel, kernel]`
///   - to: `[batch, height, width, outputs]`
func conv2d(_ x: [Float], _ from: Shape, _ weights: [Float], _ window: Window, to: Shape) -> [Double] {
  precondition(to.rank == 4 && from[0] == to[0], "conv2d of \(from) to \(to)")
  let channels = from[3], outputs = to[3], area = window.kernel * window.kernel
  var result = [Double](repeating: 0, count: to.count)
  x.withUnsafeBufferPointer { x in
    weights.withUnsafeBufferPointer { weights in
      eachTap(from, window, to: to) { pixel, source, tap in
        for output in 0..<outputs {
          var sum = 0.0
          for channel in 0..<channels {
            let weight = weights[(output * channels + channel) * area + tap]
            sum += Double(x[source * channels + channel]) * Double(weight)
          }
          result[pixel * outputs + output] += sum
        }
      }
    }
  }
  return result
}

/// Calls `body` with the index of an output pixel, of an input pixel, and of the tap of the kernel that
/// joins them, for all that lie in the picture.
private func eachTap(_ from: Shape, _ window: Window, to: Shape, _ body: (Int, Int, Int) -> Void) {
  for pixel in 0..<to.rows {
    let picture = pixel / (to[1] * to[2]), row = pixel / to[2] % to[1], column = pixel % to[2]
    for tap in 0..<(window.kernel * window.kernel) {
      let y = window.stride * row + tap / window.kernel - window.padTop
      let x = window.stride * column + tap % window.kernel - window.padLeft
      guard 0..<from[1] ~= y, 0..<from[2] ~= x else { continue }
      body(pixel, (picture * from[1] + y) * from[2] + x, tap)
    }
  }
}
