/// What a plan takes, for whoever chooses between plans.
package struct PlanFigures: Sendable, Equatable {
  /// Bytes of all values, and of the kernels' working memory.
  package let arena: Int
  package let scratch: Int
  package let operations: Int
  /// Whether the device can hold each value in one piece.
  package let isHeld: Bool

  package init(arena: Int, scratch: Int, operations: Int, isHeld: Bool) {
    (self.arena, self.scratch, self.operations, self.isHeld) = (arena, scratch, operations, isHeld)
  }
}

/// Looks for the plan of a network that takes the fewest operations of those that fit in memory. Figures of plans are
/// remembered, so that a second look costs next to nothing.
///
/// Cutting into strips costs next to nothing while all values that norms look at are kept: rows at the strips' edges
/// are normalised twice, and no more. Keeping fewer costs the convolutions that make them again. So the values are
/// given up a kind at a time: of those that fill memory where it is fullest, the one that saves most for its cost.
package final class StripSearch {
  /// A way to plan the network.
  package struct Choice {
    /// Nil for whole values.
    package let strips: Strips?
    package let figures: PlanFigures
  }

  /// Without strips.
  package let whole: Plan
  private let makePlan: (Strips?) -> Plan
  private let measure: (Plan) -> PlanFigures
  private var known: [Strips?: PlanFigures] = [:]
  /// By value.
  private var readers: [Int: Int] = [:]

  /// - Parameters:
  ///   - measure: says what a plan takes.
  ///   - plan: of the network in strips; nil for none.
  package init(measuring measure: @escaping (Plan) -> PlanFigures, _ plan: @escaping (Strips?) -> Plan) {
    (makePlan, self.measure) = (plan, measure)
    whole = plan(nil)
    known[nil] = measure(whole)
    for operand in whole.nodes.flatMap(\.operands) { readers[operand.value, default: 0] += 1 }
  }

  /// What the network takes with these strips.
  package func figures(_ strips: Strips? = nil) -> PlanFigures {
    if let found = known[strips] { return found }
    return figures(of: makePlan(strips))
  }

  private func figures(of plan: Plan) -> PlanFigures {
    let figures = measure(plan)
    known[plan.strips] = figures
    return figures
  }

  /// A way to plan it, and what that takes.
  package func choice(_ strips: Strips? = nil) -> Choice { Choice(strips: strips, figures: figures(strips)) }

  /// - Parameter recomputing: whether values may be made again.
  /// - Returns: nil if no plan fits.
  package func cheapest(recomputing: Bool, fits: (PlanFigures) -> Bool) -> Choice? {
    if fits(figures()) { return choice(nil) }
    var best: Choice?
    for recomputed in recomputing ? ladder : [[]] {
      if let best, cost(recomputed) >= best.figures.operations { break }
      guard fits(figures(Strips(count: counts[counts.count - 1], recomputed: recomputed))) else { continue }
      let all = counts.lazy.map { [self] in choice(Strips(count: $0, recomputed: recomputed)) }
      let found = all.first { fits($0.figures) }
      if let found, found.figures.operations < best?.figures.operations ?? .max { best = found }
    }
    return best
  }

  /// The plan that needs the least memory.
  package var tightest: Choice {
    let all = ladder.map { choice(Strips(count: counts[counts.count - 1], recomputed: $0)) }
    func bytes(_ choice: Choice) -> Int { choice.figures.arena + choice.figures.scratch }
    return all.min { bytes($0) < bytes($1) } ?? choice(nil)
  }

  /// Operations of the highest strips.
  private func cost(_ recomputed: Set<Int>) -> Int {
    figures(Strips(count: counts[0], recomputed: recomputed)).operations
  }

  /// How many strips to try, up to some of eight rows.
  private var counts: [Int] {
    let height = whole.shapes.lazy.filter { $0.rank == 4 }.map { $0[1] }.max() ?? 1
    var counts = [4]
    while let last = counts.last, last * 8 < height { counts.append(2 * last) }
    return counts
  }

  /// Strips that are neither so high that what they make for themselves fills memory, nor so low that their edges do
  /// most of the work.
  private var middle: Int { counts[counts.count / 2] }

  /// Sets of values to make again, each with the one before it, beginning with none.
  private lazy var ladder: [Set<Int>] = {
    var ladder: [Set<Int>] = [[]]
    var current = plan(Strips(count: middle))
    while let next = next(after: current) {
      ladder.append(next.strips?.recomputed ?? [])
      current = next
    }
    return ladder
  }()

  private func plan(_ strips: Strips) -> Plan {
    let plan = makePlan(strips)
    _ = figures(of: plan)
    return plan
  }

  /// The plan that gives up one more kind of values: of one size, and read once or more often.
  private func next(after current: Plan) -> Plan? {
    struct Kind: Hashable {
      let bytes: Int
      let isReadOnce: Bool
    }
    let given = current.strips?.recomputed ?? []
    let kinds = Dictionary(grouping: current.optional.filter { !given.contains($0) }) {
      Kind(bytes: current.place($0).range.count, isReadOnce: readers[$0] == 1)
    }
    let peak = current.fullest
    let filling = kinds.values.filter { $0.contains { current.lives[$0]?.contains(peak) ?? false } }
    let plans = filling.sorted { $0[0] < $1[0] }
      .map { plan(Strips(count: middle, recomputed: given.union($0))) }
    // Bytes that an operation more saves. Where memory is full at two moments, it takes a second kind to save any.
    func value(_ next: Plan) -> Double {
      let saved = current.arenaBytes - next.arenaBytes
      return Double(saved) / Double(max(1, next.operations - current.operations))
    }
    let saving = plans.filter { $0.arenaBytes < current.arenaBytes }
    return saving.max { value($0) < value($1) } ?? plans.min { $0.operations < $1.operations }
  }
}

extension Plan {
  /// When most bytes are in use.
  fileprivate var fullest: Int {
    let all = zip(places, lives).compactMap { place, life in
      place.flatMap { place in life.map { (range: place.range, life: $0) } }
    }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    var (most, time) = (0, 0)
    for now in Set(all.map(\.life.lowerBound)).sorted() {
      var (bytes, end) = (0, 0)
      for (range, life) in all where life.contains(now) && range.upperBound > end {
        bytes += range.upperBound - max(end, range.lowerBound)
        end = range.upperBound
      }
      if bytes > most { (most, time) = (bytes, now) }
    }
    return time
  }
}
