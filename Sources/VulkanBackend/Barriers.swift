/// Which dispatches of a list must wait for those before them.
///
/// Kernels that run one after the other may overlap on the device. Two of them conflict when both touch the same
/// bytes and at least one writes them: then a barrier must lie between. A barrier here waits for everything
/// before it, so one serves all pairs that it parts.
struct BarrierPlanner {
  /// The bytes that a dispatch touches, by device address.
  struct Access: Sendable, Equatable {
    var reads: [Range<UInt64>] = []
    var writes: [Range<UInt64>] = []
  }

  /// What dispatches since the last barrier have touched.
  private var pending = Access()

  /// Takes the next dispatch of the list.
  /// - Returns: whether a barrier must come before it.
  mutating func waits(_ access: Access) -> Bool {
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
