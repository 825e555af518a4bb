import Graph
import TestSupport
import Testing

/// Plans in strips: where their values lie, and which is chosen.
@Suite struct StripTests {
  private static func plan(_ seed: UInt64, _ graph: Graph) -> Plan {
    var random = SeededGenerator(seed: seed)
    let count = [2, 3, 100][Int(seed % 3)]
    let optional = Plan(graph, strips: Strips(count: count)).optional
    let recomputed = Set(optional.filter { _ in Int.random(in: 0...2, using: &random) == 0 })
    return Plan(
      graph, values: Storage.allCases[Int(seed / 3 % 3)], segment: seed % 5 == 0 ? 2048 : nil,
      strips: Strips(count: count, recomputed: recomputed))
  }

  @Test func whatIsReadIsThere() {
    var parts = 0
    for seed in UInt64(0)..<600 {
      let plan = StripTests.plan(seed, RandomGraph(seed: seed, nodes: 3 + Int(seed % 40)).graph)
      parts += plan.nodes.filter { $0.part != nil }.count
      var rehearsal = Rehearsal(plan)
      rehearsal.run(.picture)
      for _ in 0..<3 {
        rehearsal.run(.step)
        for output in plan.outputs { rehearsal.check(rehearsal.whole(output.value), "output \(output.name)") }
      }
      #expect(rehearsal.faults == [], "seed \(seed)")
    }
    #expect(parts > 1000, "the random graphs must have something to cut")
  }

  /// As an autoencoder decodes: residual blocks between doublings.
  private let decoder: Graph = {
    let graph = Graph()
    var x = graph.input("x", [1, 16, 16, 8], rate: .picture)
    for level in 0..<3 {
      for _ in 0..<2 { x = x.groupNorm(groups: 2).conv2d(to: 8).groupNorm(groups: 2).conv2d(to: 8) + x }
      if level < 2 { x = x.upsampled(height: 2 * x.shape[1], width: 2 * x.shape[2]).conv2d(to: 8) }
    }
    graph.output("y", x.groupNorm(groups: 2).conv2d(to: 3))
    return graph
  }()

  @Test func anOutputLiesOverWhatItReplaces() throws {
    let plan = Plan(decoder, strips: Strips(count: 16))
    let whole = Plan(decoder)
    // Three values of full size at once, but two, and some strips, where the last lies over the first.
    let full = 64 * 64 * 8 * 4
    #expect(whole.arenaBytes >= 3 * full && plan.arenaBytes < 5 * full / 2)
    var rehearsal = Rehearsal(plan)
    rehearsal.run(.picture)
    #expect(rehearsal.faults == [])
  }

  @Test func theCheapestPlanThatFitsIsChosen() throws {
    let search = StripSearch(
      measuring: { PlanFigures(arena: $0.arenaBytes, scratch: 0, operations: $0.operations, isHeld: true) },
      { Plan(self.decoder, strips: $0) })
    let whole = Plan(decoder)
    let least = search.tightest.figures.arena
    #expect(least * 2 < whole.arenaBytes)
    var last = 0
    for bytes in stride(from: whole.arenaBytes, through: least, by: -(whole.arenaBytes / 23)) {
      let choice = try #require(search.cheapest(recomputing: true) { $0.arena <= bytes })
      let plan = Plan(decoder, strips: choice.strips)
      #expect(plan.arenaBytes == choice.figures.arena && plan.operations == choice.figures.operations)
      #expect(plan.arenaBytes <= bytes && plan.operations >= last)
      last = plan.operations
      #expect((plan.strips == nil) == (bytes == whole.arenaBytes))
      if let kept = search.cheapest(recomputing: false, fits: { $0.arena <= bytes }) {
        #expect(kept.strips?.recomputed.isEmpty ?? true)
        #expect(
          kept.figures.operations * 10 <= whole.operations * 12, "strips of kept values compute little twice")
      }
    }
    #expect(last > whole.operations * 2)
    #expect(search.cheapest(recomputing: true) { $0.arena <= least } != nil)
    #expect(search.cheapest(recomputing: true) { $0.arena < least } == nil)
    #expect(search.cheapest(recomputing: false) { $0.arena <= least } == nil)
  }

  @Test func batchesStayWhole() {
    let graph = Graph()
    let x = graph.input("x", [2, 32, 32, 4], rate: .picture)
    graph.output("y", x.groupNorm(groups: 2).conv2d(to: 4))
    #expect(Plan(graph, strips: Strips(count: 4)).nodes.allSatisfy { $0.part == nil })
  }
}
