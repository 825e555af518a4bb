/// Which dispatches of a list must wait for those before them.
///
/// Kernels that run one after the other may overlap on the device. Two of them conflict when both touch the same
/// bytes and at least one writes them: then a barrier must lie between. A barrier here waits for everything
/// before it, so one serves all pairs that it parts.
package struct BarrierPlanner {
  /// The bytes that a dispatch touches, by device address.
  package struct Access: Sendable, Equatable {
    package var reads: [Range<UInt64>]
    package var writes: [Range<UInt64>]

    package init(reads: [Range<UInt64>] = [], writes: [Range<UInt64>] = []) {
      self.reads = reads
      self.writes = writes
    }
  }

  /// What dispatches since the last barrier have touched.
  private var pending = Access()

  package init() {}

  /// Takes the next dispatch of the list.
  /// - Returns: whether a barrier must come before it.
  package mutating func waits(_ access: Access) -> Bool {
    let conflicts =
      access.reads.contains { range in pending.writes.contains { $0.overlaps(range) } }
      || access.writes.contains { range in
        pending.writes.contains { $0.overlaps(range) } || pending.reads.contains { $0.overlaps(range) }
      }
    if conflicts { pending = Access() }
    pending.reads += access.reads
    pending.writes += access.writes
    return conflicts
  }
}
