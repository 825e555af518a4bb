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

  /// How values are stored that need no more.
  package let storage: Storage
  package let weights: WeightFormat
  /// As the graph says.
  package let makesPieces: Bool
  package let nodes: [Node]
  /// How many of `nodes` run once per picture.
  package let prologue: Int
  package let inputs: [Input]
  package let outputs: [Output]
  package let shapes: [Shape]
  /// By value; nil for values that fusion removed.
  package let places: [Place?]
  package let arenaBytes: Int
  /// How it saves memory; nil if it has all values as a whole.
  package let strips: Strips?
  /// Values of which `strips` may choose whether they are kept.
  package let optional: [Int]
  /// When a value lives, by value, in the order of the nodes.
  let lives: [ClosedRange<Int>?]

  /// - Parameters:
  ///   - storage: of all values that need no more.
  ///   - weights: how weights are stored; nil for as values are.
  ///   - segment: bytes of one allocation, if the arena is made of several: no value lies in two.
  ///   - strips: how to save memory, if at all.
  package init(
    _ graph: Graph, fusing: Bool = true, values storage: Storage = .float32, weights: WeightFormat? = nil,
    segment: Int? = nil, strips: Strips? = nil, convolutionRows: Int = 1
  ) {
    self.storage = storage
    let format = weights ?? WeightFormat(matching: storage)
    self.weights = format
    makesPieces = graph.makesPieces
    self.strips = strips
    let keep = graph.outputs.map(\.value)
    let nodes = format == .int8 ? graph.int8Nodes : graph.nodes
    let all = fusing ? fused(nodes, shapes: graph.shapes, keep: keep) : nodes
    var builder = PlanBuilder(
      shapes: graph.shapes, rates: graph.rates, storages: Plan.storages(graph, all, storage),
      convolutionRows: convolutionRows)
    builder.append(
      all.filter { $0.rate == .picture } + all.filter { $0.rate == .step }, in: strips, keep: keep,
      marked: graph.kept)
    self.nodes = builder.nodes
    prologue = builder.prologue
    inputs = graph.inputs
    outputs = graph.outputs
    shapes = builder.shapes
    optional = builder.optional
    lives = builder.lives(inputs: inputs, outputs: outputs)
    let layout = ArenaLayout(
      shapes.map(\.count), lives, builder.storages, builder.reuses(lives), segment: segment)
    (places, arenaBytes) = (layout.places, layout.bytes)
  }

  /// What a node makes: a value, or some of its rows.
  package func result(of node: Node) -> Operand {
    node.part ?? Operand(value: node.output, shape: shapes[node.output])
  }

  /// The place of a value that is alive in this plan.
  package func place(_ value: Int) -> Place {
    guard let place = places[value] else { preconditionFailure("value \(value) has no place") }
    return place
  }
}

extension Graph {
  /// The nodes, those marked whose matrices may have 8 bits.
  fileprivate var int8Nodes: [Node] {
    nodes.map { node in
      guard let weight = matrixOfRows(node), weight.parts.allSatisfy({ eightBitLayers.contains($0.name) })
      else {
        return node
      }
      var node = node
      node.isInt8 = true
      return node
    }
  }

  /// The matrix that each row of a node's input is multiplied by to be a row of the result, if it does that.
  private func matrixOfRows(_ node: Node) -> Weight? {
    switch node.op {
    case .linear(let weight): return weight
    case .conv2d(let weight, let window):
      let isRowByRow =
        window.kernel == 1 && window.stride == 1 && window.padTop == 0 && window.padLeft == 0
        && shapes[node.output].dimensions.dropLast() == node.inputs[0].shape.dimensions.dropLast()
      return isRowByRow ? weight : nil
    default: return nil
    }
  }
}
