import TestSupport
import Testing

import VulkanBackend

/// Where barriers must lie.
@Suite struct BarrierTests {
  typealias Access = BarrierPlanner.Access

  /// Dispatches with random ranges in a small memory, so that many conflict and many do not.
  private static func randomList(seed: UInt64) -> [Access] {
    var random = SeededGenerator(seed: seed)
    func range() -> Range<UInt64> {
      let start = UInt64.random(in: 0..<200, using: &random)
      return start..<(start + UInt64.random(in: 1...20, using: &random))
    }
    return (0..<Int.random(in: 2...40, using: &random)).map { _ in
      Access(
        reads: (0..<Int.random(in: 0...3, using: &random)).map { _ in range() },
        writes: (0..<Int.random(in: 1...2, using: &random)).map { _ in range() })
    }
  }

  private static func conflict(_ a: Access, _ b: Access) -> Bool {
    func meet(_ one: [Range<UInt64>], _ other: [Range<UInt64>]) -> Bool {
      one.contains { range in other.contains { $0.overlaps(range) } }
    }
    return meet(a.writes, b.reads) || meet(a.reads, b.writes) || meet(a.writes, b.writes)
  }

  @Test func aBarrierLiesBetweenAllThatConflict() {
    var conflicts = 0
    for seed in 0..<300 {
      let list = BarrierTests.randomList(seed: UInt64(seed))
      var planner = BarrierPlanner()
      let waits = list.map { planner.waits($0) }
      for later in list.indices {
        for earlier in 0..<later where BarrierTests.conflict(list[earlier], list[later]) {
          conflicts += 1
          #expect(waits[(earlier + 1)...later].contains(true), "seed \(seed): \(earlier) and \(later)")
        }
      }
    }
    #expect(conflicts > 1000)
  }

  /// Each barrier costs the device a moment without work.
  @Test func noBarrierLiesWhereNoneIsNeeded() {
    for seed in 0..<300 {
      let list = BarrierTests.randomList(seed: UInt64(seed))
      var planner = BarrierPlanner()
      var lastBarrier = 0
      for (index, access) in list.enumerated() where planner.waits(access) {
        let since = list[lastBarrier..<index]
        #expect(since.contains { BarrierTests.conflict($0, access) }, "seed \(seed): \(index)")
        lastBarrier = index
      }
    }
  }

  @Test func readersNeedNotWaitForEachOther() {
    var planner = BarrierPlanner()
    let waits = [
      Access(reads: [0..<10], writes: [20..<30]), Access(reads: [5..<15], writes: [30..<40]),
      Access(reads: [29..<31], writes: [50..<60]), Access(reads: [0..<10], writes: [60..<70]),
      Access(reads: [], writes: [9..<10]),
    ].map { planner.waits($0) }
    #expect(waits == [false, false, true, false, true])
  }
}
