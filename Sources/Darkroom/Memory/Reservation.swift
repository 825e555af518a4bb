import Graph
import Models
import Sampling

/// How a job runs in the memory that there is.
struct Reservation {
  /// Pictures sampled together.
  let batch: Int
  /// Whether each network's weights and values go before the next network's come.
  let takesTurns: Bool
  /// Of the networks that do not have all values as a whole.
  let strips: [Module: Strips]
  /// What those networks compute more than they would with whole values, as a share.
  let extra: Double
  /// Beyond what the backend holds already; in turns, of the network that needs most.
  let need: MemoryNeed
  var bytes: Int { need.weights + need.arena + need.scratch }
}

extension Pipeline {
  /// Pictures sampled together at most: more would only make the first wait for the last.
  fileprivate static let largestBatch = 4

  /// The cheapest way to run a job in so many bytes; nil if there is none.
  ///
  /// What costs nothing is given up first: fewer pictures at once, which hardly matters for speed, and whole values of
  /// the autoencoder, whose strips compute nothing twice. These two do not touch one another, as one is for the UNet's
  /// values and the other for the autoencoder's, and all share one arena. Then networks take turns, which reads weights
  /// again, some seconds a picture at most. Making values again comes last: it can take a multiple of the time.
  func reservation(_ job: Job, in bytes: Int) throws -> Reservation? {
    let search = try ReservationSearch(self, job, bytes)
    return try search.run(takesTurns: false, recomputing: false)
      ?? search.run(takesTurns: true, recomputing: false) ?? search.run(takesTurns: true, recomputing: true)
  }

  /// The bytes in which a job can run at all.
  func leastBytes(_ job: Job) throws -> Int { try ReservationSearch(self, job, .max).least() }

  /// What it would take with whole values, all networks and one picture at a time.
  func wholeReservation(_ job: Job) throws -> Reservation {
    let search = try ReservationSearch(self, job, .max)
    guard let whole = try search.run(takesTurns: false, recomputing: false, most: 1) else {
      preconditionFailure("some memory is not enough of all memory")
    }
    return whole
  }
}

/// One choice after the other for the networks of a job.
private struct ReservationSearch {
  /// What the networks chosen so far need: together, where they share the arena and each has working memory of its
  /// own, or in turns, where it is the largest that counts.
  private struct Tally {
    let takesTurns: Bool
    var weights = 0
    var arena = 0
    var scratch = 0
    var bytes: Int { weights + arena + scratch }

    func with(_ need: MemoryNeed) -> Tally {
      guard takesTurns else {
        return Tally(
          takesTurns: false, weights: weights, arena: max(arena, need.arena), scratch: scratch + need.scratch)
      }
      let other = Tally(takesTurns: true, weights: need.weights, arena: need.arena, scratch: need.scratch)
      return other.bytes > bytes ? other : self
    }
  }

  private let pipeline: Pipeline
  private let job: Job
  private let bytes: Int
  /// Of the networks that can work in strips.
  private let searches: [Module: StripSearch]
  /// Whole plans of all networks, one picture at a time.
  private let whole: [(module: Module, plan: Plan)]

  init(_ pipeline: Pipeline, _ job: Job, _ bytes: Int) throws {
    self.pipeline = pipeline
    self.job = job
    self.bytes = bytes
    var searches: [Module: StripSearch] = [:]
    whole = try pipeline.modules(job, batch: 1).map { module in
      let graph = try module.graph(pipeline.model)
      let storage = pipeline.storage(job)
      if module.mayWorkInStrips {
        searches[module] = StripSearch { pipeline.backend.plan(graph, storing: storage, strips: $0) }
      }
      return (module, pipeline.backend.plan(graph, storing: storage))
    }
    self.searches = searches
  }

  private func need(_ plan: Plan) -> MemoryNeed { pipeline.backend.bytesNeeded(for: [plan]) }

  /// Before any network is chosen: weights do not depend on the choice.
  private func tally(takesTurns: Bool) -> Tally {
    let weights = takesTurns ? 0 : pipeline.backend.bytesNeeded(for: whole.map(\.plan)).weights
    return Tally(takesTurns: takesTurns, weights: weights)
  }

  func run(takesTurns: Bool, recomputing: Bool, most: Int = Pipeline.largestBatch) throws -> Reservation? {
    let pictures = pipeline.pictureBytes(job)
    var tally = tally(takesTurns: takesTurns)
    func fits(_ plan: Plan) -> Bool { tally.with(need(plan)).bytes <= bytes - pictures }
    // With all memory, pieces may be as large as they like: the figures are for a report.
    let isFree = bytes == .max
    let batch = try largestBatch(most, fits)
    var (strips, operations, wholeOperations): ([Module: Strips], Int, Int) = ([:], 0, 0)
    for (module, plan) in zip(pipeline.modules(job, batch: batch), whole) {
      var chosen = module == plan.module ? plan.plan : try self.plan(module)
      if let search = searches[module] {
        let backend = pipeline.backend
        guard
          let found = search.cheapest(
            recomputing: recomputing, fits: { (isFree || backend.holds($0)) && fits($0) })
        else { return nil }
        chosen = found
        if let cut = found.strips {
          strips[module] = cut
          operations += found.operations
          wholeOperations += plan.plan.operations
        }
      } else if !fits(chosen) {
        return nil
      }
      tally = tally.with(need(chosen))
    }
    return Reservation(
      batch: batch, takesTurns: takesTurns, strips: strips,
      extra: wholeOperations == 0 ? 0 : Double(operations) / Double(wholeOperations) - 1,
      need: MemoryNeed(weights: tally.weights, arena: tally.arena, scratch: pictures + tally.scratch))
  }

  private func largestBatch(_ most: Int, _ fits: (Plan) -> Bool) throws -> Int {
    var batch = min(job.request.count, job.sampler.isAdaptive ? 1 : most)
    while batch > 1, !fits(try plan(pipeline.modules(job, batch: batch)[1])) { batch -= 1 }
    return batch
  }

  private func plan(_ module: Module) throws -> Plan {
    pipeline.backend.plan(try module.graph(pipeline.model), storing: pipeline.storage(job))
  }

  /// With the tightest plans, one network at a time.
  func least() -> Int {
    var tally = tally(takesTurns: true)
    for (module, plan) in whole {
      let tightest = searches[module]?.tightest { need($0).arena + need($0).scratch }
      tally = tally.with(need(tightest ?? plan))
    }
    return tally.bytes + pipeline.pictureBytes(job)
  }
}
