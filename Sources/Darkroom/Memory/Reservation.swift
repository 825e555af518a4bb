import Families
import Graph

/// The networks that a job runs, and what lies outside of them.
package struct Workload {
  let format: NumberFormat
  /// Networks that run before the first pass's denoisers, and after them, one picture at a time.
  let before: [Module]
  let after: [Module]
  /// The first pass's denoisers for so many pictures together, the largest first.
  let denoisers: (_ batch: Int) -> [Module]
  /// Pictures that may be sampled together.
  let mostTogether: Int
  /// What lies outside of the networks, of one picture.
  let pictureBytes: Int

  package func modules(batch: Int) -> [Module] { before + denoisers(batch) + after }

  /// Whose weights it needs, each once.
  var sources: [any WeightSource] {
    modules(batch: 1).reduce(into: []) { sources, module in
      if !sources.contains(where: { $0 === module.source }) { sources.append(module.source) }
    }
  }
}

/// How a job runs in the memory that there is. It is handed to whatever runs a network of the job.
package struct Reservation {
  package let format: NumberFormat
  /// Pictures sampled together.
  package let batch: Int
  /// Whether each network's weights and values go before the next network's come.
  package let takesTurns: Bool
  /// Of the networks that do not have all values as a whole.
  package let strips: [Module: Strips]
  /// What those networks compute more than they would with whole values, as a share.
  let extra: Double
  /// Beyond what the backend holds already; in turns, of the network that needs most.
  package let need: MemoryNeed
}

extension Reservation {
  /// What the user should know of it.
  package var notices: [Notice] {
    var notices: [Notice] = []
    if takesTurns {
      notices.append(Notice(description: "memory: too little for all networks; they are read one at a time"))
    }
    if let count = strips.values.map(\.count).max() {
      notices.append(
        Notice(
          description:
            "memory: too little for whole pictures in the autoencoder; it works in \(count) strips, with \(percent(extra)) more operations"
        ))
    }
    return notices
  }

  private func percent(_ share: Double) -> String {
    let percent = 100 * share
    return percent < 1 ? "less than 1 %" : "\(Int(percent.rounded())) %"
  }
}

extension MemoryEstimate {
  init(_ reservation: Reservation, available: Int, least: Int, leastWeights: Int) {
    let need = reservation.need
    self.init(
      weights: need.weights, arena: need.arena, scratch: need.scratch, batch: reservation.batch,
      available: available, least: least, leastWeights: leastWeights,
      takesTurns: reservation.takesTurns,
      strips: reservation.strips.values.map(\.count).max(),
      extraOperations: reservation.strips.isEmpty ? nil : reservation.extra)
  }
}

/// Bytes that plans take.
package struct MemoryNeed: Sendable {
  package let weights: Int
  package let arena: Int
  package let scratch: Int
}
