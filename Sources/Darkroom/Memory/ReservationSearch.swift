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
  private let workload: Workload
  private let models: ResidentModels
  private let modules: [Module]

  init(_ workload: Workload, _ models: ResidentModels) {
    (self.workload, self.models) = (workload, models)
    modules = workload.modules(batch: 1)
  }

  /// A way without anything else having to go, and without computing anything twice; nil if there is none.
  func withoutLoss(in bytes: Int) -> Reservation? {
    let found = besideOthers(in: bytes)
    return found?.extra == 0 ? found : nil
  }

  /// A way without anything else having to go; nil if there is none.
  func besideOthers(in bytes: Int) -> Reservation? {
    run(in: bytes, takesTurns: false, recomputing: false, besideOthers: true)
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
    var tally = Tally(takesTurns: true, held: 0)
    for module in modules {
      let plans = plans(module)
      let figures = module.mayWorkInStrips ? plans.tightest.figures : plans.figures()
      tally = tally.with(figures, weights: weights(module))
    }
    return tally.bytes + workload.pictureBytes
  }

  /// Packed weights of the network that has most, which no size and no turns take away.
  var leastWeights: Int { modules.map(weights).max() ?? 0 }

  private func plans(_ module: Module) -> StripSearch {
    models.plans.plans(module, storing: workload.format)
  }

  private func weights(_ module: Module) -> Int {
    models.plans.weightBytes(module, storing: workload.format)
  }

  /// - Parameter besideOthers: whether what the device holds stays, and need not be packed again.
  private func run(
    in bytes: Int, takesTurns: Bool, recomputing: Bool, besideOthers: Bool = false, most: Int? = nil
  ) -> Reservation? {
    let empty = emptyTally(takesTurns: takesTurns, besideOthers: besideOthers)
    let room = bytes - workload.pictureBytes
    func adding(_ figures: PlanFigures, _ module: Module, to tally: Tally) -> Tally {
      tally.with(figures, weights: takesTurns ? weights(module) : 0)
    }
    let batch = batch(most: most) { adding($0, $1, to: empty).bytes <= room }
    var tally = empty
    var cut = Cut()
    for module in workload.modules(batch: batch) {
      guard
        let choice = choice(
          module, recomputing: recomputing,
          fits: { adding($0, module, to: tally).bytes <= room },
          // With all memory, pieces may be as large as they like: the figures are for a report.
          isHeld: { bytes == .max || $0.isHeld })
      else { return nil }
      cut.add(module, choice, whole: plans(module).figures())
      tally = adding(choice.figures, module, to: tally)
    }
    return Reservation(
      format: workload.format, batch: batch, takesTurns: takesTurns, strips: cut.strips, extra: cut.extra,
      need: MemoryNeed(
        weights: tally.weights, arena: tally.arena, scratch: workload.pictureBytes + tally.scratch))
  }

  /// What is needed before any network's values.
  private func emptyTally(takesTurns: Bool, besideOthers: Bool) -> Tally {
    let backend = models.backend
    let whole = modules.map { plans($0).whole }
    let all = besideOthers ? backend.missingWeightBytes(whole) : backend.weightBytes(whole)
    return Tally(
      takesTurns: takesTurns, held: besideOthers ? backend.arenaBytesHeld : 0, weights: takesTurns ? 0 : all)
  }

  /// As many pictures together as fit.
  private func batch(most: Int?, fits: (PlanFigures, Module) -> Bool) -> Int {
    var batch = min(workload.mostTogether, most ?? .max)
    while batch > 1, let largest = workload.denoisers(batch).first, !fits(plans(largest).figures(), largest) {
      batch -= 1
    }
    return batch
  }

  /// The cheapest way to plan a network that fits; nil if none does.
  /// - Parameter isHeld: whether the device can hold each piece of a plan in strips.
  private func choice(
    _ module: Module, recomputing: Bool, fits: (PlanFigures) -> Bool, isHeld: (PlanFigures) -> Bool
  ) -> StripSearch.Choice? {
    let search = plans(module)
    guard !module.mayWorkInStrips else {
      return search.cheapest(recomputing: recomputing, fits: { isHeld($0) && fits($0) })
    }
    let whole = search.choice()
    return fits(whole.figures) ? whole : nil
  }
}

/// What the networks chosen so far need: together, where they share the arena and each has working memory of its own,
/// or in turns, where it is the largest that counts.
private struct Tally {
  let takesTurns: Bool
  /// Bytes that the arena has already.
  let held: Int
  var weights = 0
  /// Beyond what the arena has already.
  var arena = 0
  var scratch = 0
  var bytes: Int { weights + arena + scratch }

  func with(_ figures: PlanFigures, weights own: Int) -> Tally {
    let arena = max(0, figures.arena - held)
    guard takesTurns else {
      return Tally(
        takesTurns: false, held: held, weights: weights, arena: max(self.arena, arena),
        scratch: scratch + figures.scratch)
    }
    let other = Tally(takesTurns: true, held: held, weights: own, arena: arena, scratch: figures.scratch)
    return other.bytes > bytes ? other : self
  }
}

/// The networks that work in strips, and what that costs.
private struct Cut {
  var strips: [Module: Strips] = [:]
  private var operations = 0
  private var wholeOperations = 0

  /// Operations beyond those of whole values, as a share.
  var extra: Double { wholeOperations == 0 ? 0 : Double(operations) / Double(wholeOperations) - 1 }

  mutating func add(_ module: Module, _ choice: StripSearch.Choice, whole: PlanFigures) {
    guard let strips = choice.strips else { return }
    self.strips[module] = strips
    operations += choice.figures.operations
    wholeOperations += whole.operations
  }
}
