/// Where values lie in the arena: those that do not live at the same time may share memory.
struct ArenaLayout {
  /// Values whose places hang together: byte offsets of each from the first one's.
  fileprivate struct Group {
    var members: [(value: Int, start: Int)]
    /// Of all members together.
    var size: Int
  }

  private static let alignment = 64

  /// By value; nil for values that never live.
  private(set) var places: [Plan.Place?]
  private(set) var bytes = 0

  /// Largest values first, each at the lowest place that is free during its whole life.
  /// - Parameter reuses: values that lie over others, as far as both fit into one segment.
  init(
    _ counts: [Int], _ lives: [ClosedRange<Int>?], _ storages: [Storage], _ reuses: [InPlaceReuse],
    segment: Int?
  ) {
    let alignment = ArenaLayout.alignment
    let sizes = zip(counts, storages).map { ($0 * $1.bytes + alignment - 1) / alignment * alignment }
    places = [Plan.Place?](repeating: nil, count: counts.count)
    var placed: [(life: ClosedRange<Int>, range: Range<Int>)] = []
    let order = ArenaLayout.groups(
      counts.indices.filter { lives[$0] != nil }, sizes, reuses, segment: segment
    )
    .sorted { $0.size != $1.size ? $0.size > $1.size : $0.members[0].value < $1.members[0].value }
    for group in order {
      var offset = 0
      while true {
        offset = ArenaLayout.inOneSegment(offset, group.size, segment)
        guard let next = ArenaLayout.conflict(of: group, at: offset, lives, sizes, placed) else { break }
        offset = next
      }
      for (value, start) in group.members {
        guard let life = lives[value] else { continue }
        let range = offset + start..<offset + start + sizes[value]
        placed.insert(
          (life, range), at: placed.firstIndex { $0.range.lowerBound > range.lowerBound } ?? placed.count)
        places[value] = Plan.Place(offset: range.lowerBound, count: counts[value], storage: storages[value])
        bytes = max(bytes, range.upperBound)
      }
    }
  }

  /// The next offset worth a try if a group cannot lie at this one.
  private static func conflict(
    of group: Group, at offset: Int, _ lives: [ClosedRange<Int>?], _ sizes: [Int],
    _ placed: [(life: ClosedRange<Int>, range: Range<Int>)]
  ) -> Int? {
    var next = offset
    for (value, start) in group.members {
      guard let life = lives[value] else { continue }
      for other in placed where other.life.overlaps(life) {
        let end = next + start + sizes[value]
        if other.range.lowerBound >= end { break }
        next = max(next, other.range.upperBound - start)
      }
    }
    return next > offset ? next : nil
  }

  /// Chains of values that lie over one another, and all others by themselves.
  private static func groups(_ values: [Int], _ sizes: [Int], _ reuses: [InPlaceReuse], segment: Int?)
    -> [Group]
  {
    var over: [Int: InPlaceReuse] = [:]
    for reuse in reuses { over[reuse.under] = reuse }
    let later = Set(reuses.map(\.value))
    var groups: [Group] = []
    for value in values where !later.contains(value) {
      var group = Group(members: [(value, 0)], size: sizes[value])
      var last = value
      while let reuse = over[last] {
        last = reuse.value
        let longer = group.with(last, sizes[last], before: reuse.shift)
        if longer.size <= segment ?? .max {
          group = longer
        } else {
          groups.append(group)
          group = Group(members: [(last, 0)], size: sizes[last])
        }
      }
      groups.append(group)
    }
    return groups
  }

  /// The first offset from `offset` on at which `size` bytes do not cross into the next segment. A value larger
  /// than a segment starts one.
  private static func inOneSegment(_ offset: Int, _ size: Int, _ segment: Int?) -> Int {
    guard let segment, offset / segment != (offset + size - 1) / segment else { return offset }
    return (offset + segment - 1) / segment * segment
  }
}

extension ArenaLayout.Group {
  /// With one more value, which begins so many bytes before the last.
  fileprivate func with(_ value: Int, _ size: Int, before shift: Int) -> ArenaLayout.Group {
    var all = members + [(value, (members.last?.start ?? 0) - shift)]
    let first = min(0, all[all.count - 1].start)
    for index in all.indices { all[index].start -= first }
    return ArenaLayout.Group(
      members: all, size: max(self.size - first, all[all.count - 1].start + size))
  }
}
