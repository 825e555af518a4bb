import Families
import Sampling

/// Asks a denoiser for overlapping tiles of latents, and takes the mean of what it says where they overlap, in which the
/// middles of tiles count most. All tiles take a step together, so that they agree where they meet (MultiDiffusion,
/// Bar-Tal et al. 2023).
final class TiledDenoiser {
  private let denoiser: Denoiser
  /// Where tiles begin.
  private let rows: [Int]
  private let columns: [Int]
  /// How much each latent pixel of a tile counts, and what all tiles add up to.
  private let weights: [Double]
  private let totals: [Double]
  private var tile: Latents
  private var estimate: Latents

  /// - Parameter denoiser: of latents of the tile's size.
  init(_ denoiser: Denoiser, like latents: Latents, _ size: LatentSize) {
    self.denoiser = denoiser
    rows = Self.starts(latents.height, size.height)
    columns = Self.starts(latents.width, size.width)
    tile = Latents(batch: latents.batch, channels: latents.channels, height: size.height, width: size.width)
    estimate = tile
    let (down, across) = (Self.ramp(size.height), Self.ramp(size.width))
    weights = down.flatMap { weight in across.map { weight * $0 } }
    var totals = [Double](repeating: 0, count: latents.height * latents.width)
    for row in rows {
      for column in columns {
        for (index, weight) in weights.enumerated() {
          totals[(row + index / size.width) * latents.width + column + index % size.width] += weight
        }
      }
    }
    self.totals = totals
  }

  /// Fills `clean` with the estimate of the clean picture in `x`.
  func callAsFunction(_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws {
    for index in clean.values.indices { clean.values[index] = 0 }
    for row in rows {
      for column in columns {
        eachValue(of: x, row, column) { tile.values[$0] = x.values[$1] }
        try denoiser(tile, level, &estimate)
        eachValue(of: x, row, column) { [weights] in
          clean.values[$1] += weights[$0 % weights.count] * estimate.values[$0]
        }
      }
    }
    for index in clean.values.indices { clean.values[index] /= totals[index % totals.count] }
  }

  /// Calls `body` with the index of each of a tile's values in the tile, and in all latents.
  private func eachValue(of all: Latents, _ row: Int, _ column: Int, _ body: (Int, Int) -> Void) {
    var index = 0
    for plane in 0..<all.batch * all.channels {
      for y in row..<row + tile.height {
        let start = (plane * all.height + y) * all.width + column
        for place in start..<start + tile.width {
          body(index, place)
          index += 1
        }
      }
    }
  }

  /// As few tiles as overlap by a quarter, evenly spread.
  private static func starts(_ length: Int, _ tile: Int) -> [Int] {
    let step = max(1, tile - max(1, tile / 4))
    let count = 1 + (length - tile + step - 1) / step
    guard count > 1 else { return [0] }
    return (0..<count).map { $0 * (length - tile) / (count - 1) }
  }

  /// Rises from the edge over a quarter of a tile.
  private static func ramp(_ length: Int) -> [Double] {
    let rise = max(1, length / 4)
    return (0..<length).map { Double(min($0 + 1, length - $0, rise)) / Double(rise) }
  }
}
