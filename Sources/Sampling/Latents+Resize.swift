extension Latents {
  /// How latents get another size.
  package enum Filter: Sendable {
    /// Each value that of the nearest latent pixel (torch's `nearest-exact`).
    case nearest
    /// Linear between the middles of latent pixels (torch's `bilinear` without `align_corners`).
    case bilinear
  }

  /// The same latents at another size.
  package func resized(height newHeight: Int, width newWidth: Int, by filter: Filter) -> Latents {
    let rows = filter.places(newHeight, of: height)
    let columns = filter.places(newWidth, of: width)
    var result = Latents(batch: batch, channels: channels, height: newHeight, width: newWidth)
    for plane in 0..<batch * channels {
      func value(_ row: Int, _ column: Int) -> Double { values[(plane * height + row) * width + column] }
      for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          let above = mix(value(row.first, column.first), value(row.first, column.second), column.share)
          let below = mix(value(row.second, column.first), value(row.second, column.second), column.share)
          result.values[(plane * newHeight + y) * newWidth + x] = mix(above, below, row.share)
        }
      }
    }
    return result
  }

  private func mix(_ first: Double, _ second: Double, _ share: Double) -> Double {
    share == 0 ? first : first + share * (second - first)
  }
}

extension Latents.Filter {
  /// Of each place in a line of another length the two places that it lies between, and the second one's share.
  fileprivate func places(_ count: Int, of old: Int) -> [(first: Int, second: Int, share: Double)] {
    (0..<count).map { index in
      let middle = (Double(index) + 0.5) * Double(old) / Double(count)
      switch self {
      case .nearest:
        let place = min(Int(middle), old - 1)
        return (place, place, 0)
      case .bilinear:
        let place = max(0, middle - 0.5)
        let first = min(Int(place), old - 1)
        return (first, min(first + 1, old - 1), place - Double(first))
      }
    }
  }
}
