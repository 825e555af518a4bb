/// A value that lies over another, which is read for the last time while the first is made: strip by strip from its
/// beginning, so that what is written lies over what is not needed any more.
struct InPlaceReuse {
  let value: Int
  let under: Int
  /// Bytes from the beginning of `value` to that of `under`.
  let shift: Int
}

extension PlanBuilder {
  /// One strip of a pass: bytes from the beginnings of values.
  private struct Strip {
    /// First byte that is read, by value.
    var reads: [Int: Int] = [:]
    /// End of what is written of the pass's value.
    var end = 0
  }

  /// Where values may lie over others.
  func reuses(_ lives: [ClosedRange<Int>?]) -> [InPlaceReuse] {
    var reuses: [InPlaceReuse] = []
    var index = 0
    while index < nodes.count {
      let pass = moments[index].pass
      var (strips, target): ([Strip], Int?) = ([], nil)
      var last = Int.max
      while index < nodes.count, moments[index].pass == pass {
        if moments[index].time <= last { strips.append(Strip()) }
        last = moments[index].time
        note(nodes[index], in: &strips[strips.count - 1], &target)
        index += 1
      }
      if strips.count > 1, let target, let reuse = reuse(target, pass, strips, lives) {
        reuses.append(reuse)
      }
    }
    return reuses
  }

  private func note(_ node: Node, in strip: inout Strip, _ target: inout Int?) {
    for operand in node.operands where !isPassing[operand.value] {
      let start = operand.offset * storages[operand.value].bytes
      strip.reads[operand.value] = min(strip.reads[operand.value] ?? start, start)
    }
    guard let part = node.part, !isPassing[part.value], part.shape.rank == 4 else { return }
    target = part.value
    strip.end = (part.offset + part.shape.count) * storages[part.value].bytes
  }

  /// The largest value that ends in the pass gives its place, if that saves anything.
  private func reuse(
    _ target: Int, _ pass: ClosedRange<Int>, _ strips: [Strip], _ lives: [ClosedRange<Int>?]
  ) -> InPlaceReuse? {
    func bytes(_ value: Int) -> Int { shapes[value].count * storages[value].bytes }
    let ending = strips[0].reads.keys.filter { value in
      value != target
        && lives[value].map { $0.upperBound == pass.upperBound && $0.lowerBound < pass.lowerBound }
          ?? false
    }
    guard let under = ending.max(by: { (bytes($0), $0) < (bytes($1), $1) }) else { return nil }
    var (shift, first) = (0, Int.max)
    for strip in strips.reversed() {
      first = min(first, strip.reads[under] ?? .max)
      if first < .max { shift = max(shift, strip.end - first) }
    }
    shift = (shift + 63) / 64 * 64
    let together = max(bytes(target), shift + bytes(under))
    guard together < bytes(target) + bytes(under) else { return nil }
    return InPlaceReuse(value: target, under: under, shift: shift)
  }
}
