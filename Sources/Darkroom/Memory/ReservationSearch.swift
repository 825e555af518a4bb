import Families
import Graph

/// Looks for the cheapest way to run a workload in so many bytes.
///
/// What costs nothing is given up first: fewer pictures at once, which hardly matters for speed, and whole values of
/// the autoencoder, whose strips compute nothing twice. These two do not touch one another, as one is for the
/// denoiser's values and the other for the autoencoder's, and all share one arena. Then networks take turns, which
/// reads weights again, some seconds a picture at most. Making values again comes last: it can take a multiple of the
/// time.
struct ReservationSearch {
  /// What the networks chosen so far need: together, where they share the arena and each has working memory of its
  /// own, or in turns, where it is the largest that counts.
  private struct Tally {
    let takesTurns: Bool
    var weights = 0
    var arena = 0
    var scratch = 0
    var bytes: Int { weights + arena + scratch }

    func with(_ figures: PlanFigures, weights own: Int) -> Tally {
      guard takesTurns else {
        return Tally(
          takesTurns: false, weights: weights, arena: max(arena, figures.arena),
          scratch: scratch + figures.scratch)
      }
      let other = Tally(takesTurns: true, weights: own, arena: figures.arena, scratch: figures.scratch)
      return other.bytes > bytes ? other : self
    }
  }

  private let workload: Workload
  private let models: ResidentModels
  private let modules: [Module]

  init(_ workload: Workload, _ models: ResidentModels) {
    (self.workload, self.models) = (workload, models)
    modules = workload.modules(batch: 1)
  }

  /// A way without anything else having to go, and without computing anything twice; nil if there is none.
  func withoutLoss(in bytes: Int) -> Reservation? {
    let found = run(in: bytes, takesTurns: false, recomputing: false, besideOthers: true)
    return found?.extra == 0 ? found : nil
  }

  /// The cheapest way where nothing else is on the device; nil if there is none.
  func cheapest(in bytes: Int) -> Reservation? {
    run(in: bytes, takesTurns: false, recomputing: false)
      ?? run(in: bytes, takesTurns: true, recomputing: false)
      ?? run(in: bytes, takesTurns: true, recomputing: true)
  }

  /// With whole values, all networks and one picture at a time.
  var whole: Reservation {
    guard let whole = run(in: .max, takesTurns: false, recomputing: false, most: 1) else {
      preconditionFailure("some memory is not enough of all memory")
    }
    return whole
  }

  /// The bytes in which the workload can run at all: with the tightest plans, one network at a time.
  var least: Int {
    var tally = Tally(takesTurns: true)
    for module in modules {
      let plans = plans(module)
      let figures = module.mayWorkInStrips ? plans.tightest.figures : plans.figures()
      tally = tally.with(figures, weights: weights(module))
    }
    return tally.bytes + workload.pictureBytes
  }

  private func plans(_ module: Module) -> StripSearch {
    models.plans.plans(module, storing: workload.storage)
  }

  private func weights(_ module: Module) -> Int {
    models.plans.weightBytes(module, storing: workload.storage)
  }

  /// - Parameter besideOthers: whether what the device holds stays, and need not be packed again.
  private func run(
    in bytes: Int, takesTurns: Bool, recomputing: Bool, besideOthers: Bool = false, most: Int? = nil
  ) -> Reservation? {
    let backend = models.backend
    let held = besideOthers ? backend.arenaBytesHeld : 0
    let whole = modules.map { plans($0).whole }
    let all = besideOthers ? backend.missingWeightBytes(whole) : backend.weightBytes(whole)
    var tally = Tally(takesTurns: takesTurns, weights: takesTurns ? 0 : all)
    // Beyond what the arena has already.
    func beyond(_ figures: PlanFigures) -> PlanFigures {
      PlanFigures(
        arena: max(0, figures.arena - held), scratch: figures.scratch, operations: figures.operations,
        isHeld: figures.isHeld)
    }
    func with(_ figures: PlanFigures, _ module: Module) -> Tally {
      tally.with(beyond(figures), weights: takesTurns ? weights(module) : 0)
    }
    let room = bytes - workload.pictureBytes
    func fits(_ figures: PlanFigures, _ module: Module) -> Bool { with(figures, module).bytes <= room }
    var batch = min(workload.mostTogether, most ?? .max)
    while batch > 1 {
      guard let largest = workload.denoisers(batch).first, !fits(plans(largest).figures(), largest) else {
        break
      }
      batch -= 1
    }
    var (strips, operations, wholeOperations): ([Module: Strips], Int, Int) = ([:], 0, 0)
    for module in workload.modules(batch: batch) {
      let search = plans(module)
      var chosen = search.choice()
      if module.mayWorkInStrips {
        // With all memory, pieces may be as large as they like: the figures are for a report.
        guard
          let found = search.cheapest(
            recomputing: recomputing, fits: { (bytes == .max || $0.isHeld) && fits($0, module) })
        else { return nil }
        chosen = found
      } else if !fits(chosen.figures, module) {
        return nil
      }
      if let cut = chosen.strips {
        strips[module] = cut
        operations += chosen.figures.operations
        wholeOperations += search.figures().operations
      }
      tally = with(chosen.figures, module)
    }
    return Reservation(
      storage: workload.storage, batch: batch, takesTurns: takesTurns, strips: strips,
      extra: wholeOperations == 0 ? 0 : Double(operations) / Double(wholeOperations) - 1,
      need: MemoryNeed(
        weights: tally.weights, arena: tally.arena, scratch: workload.pictureBytes + tally.scratch))
  }
}
