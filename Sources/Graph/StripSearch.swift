/// Looks for the plan of a network that takes the fewest operations of those that fit in memory.
///
/// Cutting into strips costs next to nothing while all values that norms look at are kept: rows at the strips' edges
/// are normalised twice, and no more. Keeping fewer costs the convolutions that make them again. So the values are
/// given up a kind at a time: of those that fill memory where it is fullest, the one that saves most for its cost.
package final class StripSearch {
  private let plan: (Strips?) -> Plan
  private let whole: Plan
  /// By value.
  private var readers: [Int: Int] = [:]

  /// - Parameter plan: of the network in strips; nil for none.
  package init(_ plan: @escaping (Strips?) -> Plan) {
    self.plan = plan
    whole = plan(nil)
    for operand in whole.nodes.flatMap(\.operands) { readers[operand.value, default: 0] += 1 }
  }

  /// - Parameter recomputing: whether values may be made again.
  /// - Returns: nil if no plan fits.
  package func cheapest(recomputing: Bool, fits: (Plan) -> Bool) -> Plan? {
    if fits(whole) { return whole }
    var best: Plan?
    for recomputed in recomputing ? ladder : [[]] {
      if let best, cost(recomputed) >= best.operations { break }
      guard fits(plan(Strips(count: counts[counts.count - 1], recomputed: recomputed))) else { continue }
      let all = counts.lazy.map { [plan] in plan(Strips(count: $0, recomputed: recomputed)) }
      let found = all.first(where: fits)
      if let found, found.operations < best?.operations ?? .max { best = found }
    }
    return best
  }

  /// The plan that needs the least by some measure.
  package func tightest(_ bytes: (Plan) -> Int) -> Plan {
    let all = ladder.map { plan(Strips(count: counts[counts.count - 1], recomputed: $0)) }
    return all.min { bytes($0) < bytes($1) } ?? whole
  }

  /// Operations of the highest strips.
  private func cost(_ recomputed: Set<Int>) -> Int {
    plan(Strips(count: counts[0], recomputed: recomputed)).operations
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
