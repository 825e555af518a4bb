import Glibc

/// How fast the error falls with the number of network calls: error ~ (1 / calls) ^ order.
package struct MeasuredOrder: Sendable, Equatable {
  package let order: Double
  /// How many cells the line was fitted to.
  package let points: Int
  package let fewestCalls: Int
  package let mostCalls: Int

  /// The slope of log(latent RMSE) over log(1 / calls) by least squares, with an offset of its own for each
  /// prompt and seed, so that a hard prompt with fewer points does not tilt the line. Only cells whose error is
  /// above the uncertainty of their reference take part.
  /// - Parameter cells: of one method and one kind.
  /// - Returns: nil with fewer than three cells or fewer than three numbers of calls.
  init?(cells: [CellRecord], in results: ComparisonResults) {
    struct Picture: Hashable {
      let prompt: Int
      let seed: UInt64
    }
    let usable = cells.filter { cell in
      guard let error = cell.measure?.latentRMSE, error > 0, error.isFinite, cell.networkCalls > 0 else {
        return false
      }
      return error > (results.reference(of: cell)?.uncertainty?.latentRMSE ?? 0)
    }
    let calls = Set(usable.map(\.networkCalls))
    guard let fewest = calls.min(), let most = calls.max(), calls.count >= 3 else { return nil }
    var covariance = 0.0
    var variance = 0.0
    for group in Dictionary(
      grouping: usable, by: { Picture(prompt: $0.key.prompt, seed: $0.key.seed) }
    ).values {
      let x = group.map { -log(Double($0.networkCalls)) }
      let y = group.map { log($0.measure?.latentRMSE ?? 1) }
      let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
      covariance += zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
      variance += x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    }
    // Zero where no prompt and seed has two numbers of calls.
    guard variance > 0 else { return nil }
    order = covariance / variance
    points = usable.count
    fewestCalls = fewest
    mostCalls = most
  }
}
