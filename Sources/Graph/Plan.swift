/// A graph made ready to run: nodes in order, fused, and a place in one arena for every value.
///
/// Nodes that change per picture come first and run once; their results that steps read keep their place
/// while steps run. Values that do not live at the same time share memory.
package struct Plan: Sendable {
  /// A value's place: `count` numbers from byte `offset` of the arena on.
  package struct Place: Sendable, Equatable {
    package let offset: Int
    package let count: Int
    package let storage: Storage
    package var range: Range<Int> { offset..<(offset + count * storage.bytes) }

    package init(offset: Int, count: Int, storage: Storage) {
      self.offset = offset
      self.count = count
      self.storage = storage
    }
  }

  /// How values and weights are stored that need no more.
  package let storage: Storage
  package let nodes: [Node]
  /// How many of `nodes` run once per picture.
  package let prologue: Int
  package let inputs: [Input]
  package let outputs: [Output]
  package let shapes: [Shape]
  /// By value; nil for values that fusion removed.
  package let places: [Place?]
  /// First and last node of a value's life, by value.
  let lives: [ClosedRange<Int>?]
  package let arenaBytes: Int

  /// - Parameters:
  ///   - storage: of all values that need no more.
  ///   - segment: bytes of one allocation, if the arena is made of several: no value lies in two.
  package init(_ graph: Graph, fusing: Bool = true, storing storage: Storage = .float32, segment: Int? = nil)
  {
    self.storage = storage
    let keep = graph.outputs.map(\.value)
    let all = fusing ? fused(graph.nodes, shapes: graph.shapes, keep: keep) : graph.nodes
    let once = all.filter { $0.rate == .picture }
    nodes = once + all.filter { $0.rate == .step }
    prologue = once.count
    inputs = graph.inputs
    outputs = graph.outputs
    shapes = graph.shapes
    lives = Plan.lives(nodes, prologue: prologue, graph)
    (places, arenaBytes) = Plan.places(
      graph.shapes.map(\.count), lives, Plan.storages(graph, nodes, storage), segment: segment)
  }

  /// When each value is alive, in node indices. Inputs are written before their part runs; outputs, and
  /// values that cross from the prologue into the steps, stay to the end.
  private static func lives(_ nodes: [Node], prologue: Int, _ graph: Graph) -> [ClosedRange<Int>?] {
    var lives = [ClosedRange<Int>?](repeating: nil, count: graph.shapes.count)
    let end = nodes.count
    for input in graph.inputs {
      let start = input.rate == .picture ? 0 : prologue
      lives[input.value] = start...start
    }
    for (index, node) in nodes.enumerated() {
      for operand in node.operands {
        guard let life = lives[operand.value] else {
          preconditionFailure("a value is read before it is made")
        }
        let crosses = graph.rates[operand.value] == .picture && index >= prologue
        lives[operand.value] = life.lowerBound...max(life.upperBound, crosses ? end : index)
      }
      lives[node.output] = index...index
    }
    for output in graph.outputs {
      if let life = lives[output.value] { lives[output.value] = life.lowerBound...end }
    }
    return lives
  }

  /// Largest values first, each at the lowest place that is free during its whole life.
  private static func places(
    _ counts: [Int], _ lives: [ClosedRange<Int>?], _ storages: [Storage], segment: Int?
  ) -> ([Place?], Int) {
    let alignment = 64
    let sizes = zip(counts, storages).map { ($0 * $1.bytes + alignment - 1) / alignment * alignment }
    var places = [Place?](repeating: nil, count: counts.count)
    var placed: [(life: ClosedRange<Int>, range: Range<Int>)] = []
    var top = 0
    let order = counts.indices.filter { lives[$0] != nil }
      .sorted { sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1 }
    for value in order {
      guard let life = lives[value] else { continue }
      let size = sizes[value]
      var offset = 0
      for other in placed where other.life.overlaps(life) {
        if other.range.lowerBound >= offset + size { break }
        offset = inOneSegment(max(offset, other.range.upperBound), size, segment)
      }
      let range = offset..<(offset + size)
      let position = placed.firstIndex { $0.range.lowerBound > offset } ?? placed.count
      placed.insert((life, range), at: position)
      places[value] = Place(offset: offset, count: counts[value], storage: storages[value])
      top = max(top, range.upperBound)
    }
    return (places, top)
  }

  /// The first offset from `offset` on at which `size` bytes do not cross into the next segment. A value larger
  /// than a segment starts one.
  private static func inOneSegment(_ offset: Int, _ size: Int, _ segment: Int?) -> Int {
    guard let segment, offset / segment != (offset + size - 1) / segment else { return offset }
    return (offset + segment - 1) / segment * segment
  }

  /// The place of a value that is alive in this plan.
  package func place(_ value: Int) -> Place {
    guard let place = places[value] else { preconditionFailure("value \(value) has no place") }
    return place
  }
}
