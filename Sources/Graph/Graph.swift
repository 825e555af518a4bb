/// One operation of a recorded graph.
package struct Node: Sendable {
  package let op: Op
  package let inputs: [Operand]
  package var epilogue: Epilogue
  /// Index of the value that it makes.
  package var output: Int
  package var rate: Rate
  /// The rows of that value that it makes, where a plan works in strips; nil for all.
  package var part: Operand?
  /// Whether its matrix and its first input are to be multiplied in 8 bits.
  package var isInt8 = false

  package var operands: [Operand] {
    let others = epilogue.operands
    return others.isEmpty ? inputs : inputs + others
  }
}

/// A value that the caller writes before a run.
package struct Input: Sendable {
  package let name: String
  package let value: Int
  package let rate: Rate
  package let layout: Layout
}

/// A value that the caller reads after a run.
package struct Output: Sendable {
  package let name: String
  package let value: Int
  package let layout: Layout
}

/// How the caller's memory holds a value.
package enum Layout: Sendable {
  /// As the graph's shape says.
  case asIs
  /// `[batch, channels, height, width]`; the program transposes.
  case channelsFirst
  /// An output as the shape says, which the program may round to pixels: `Program.readPixels`.
  case pixels
}

/// Records what a model computes: a straight list of operations on values that have a shape and no numbers.
package final class Graph {
  package private(set) var nodes: [Node] = []
  package private(set) var shapes: [Shape] = []
  package private(set) var rates: [Rate] = []
  /// Values that need float32's range, whatever the plan stores.
  private(set) var isWide: [Bool] = []
  /// Values that plans in strips had better keep.
  private(set) var kept: Set<Int> = []
  package private(set) var inputs: [Input] = []
  package private(set) var outputs: [Output] = []
  /// Layers whose weights may have 8 bits.
  package var eightBitLayers = LayerNames([])
  /// Whether its pictures are pieces of larger ones that must have the whole's numbers, wherever they are cut: no kernel
  /// may compute several pixels together then, nor be chosen by a picture's size.
  package var makesPieces = false

  package init() {}

  /// A value that the caller supplies. A channels-first input still has the graph's channels-last shape.
  package func input(_ name: String, _ shape: Shape, rate: Rate, layout: Layout = .asIs) -> Tensor {
    precondition(layout != .channelsFirst || shape.rank == 4, "a picture has four axes, not \(shape)")
    let value = makeValue(shape, rate)
    inputs.append(Input(name: name, value: value, rate: rate, layout: layout))
    return Tensor(graph: self, operand: Operand(value: value, shape: shape))
  }

  package func output(_ name: String, _ tensor: Tensor, layout: Layout = .asIs) {
    precondition(tensor.operand.isWhole, "output \(name) is a slice")
    outputs.append(Output(name: name, value: tensor.operand.value, layout: layout))
  }

  func record(_ op: Op, _ inputs: [Tensor], shape: Shape, bias: [Parameter] = []) -> Tensor {
    precondition(inputs.allSatisfy { $0.graph === self }, "tensors of two graphs")
    let rate = inputs.map { rates[$0.operand.value] }.max() ?? .picture
    let value = makeValue(shape, rate)
    if op.keepsRange { isWide[value] = inputs.contains { isWide[$0.operand.value] } }
    nodes.append(
      Node(
        op: op, inputs: inputs.map(\.operand), epilogue: Epilogue(bias: bias), output: value, rate: rate))
    return Tensor(graph: self, operand: Operand(value: value, shape: shape))
  }

  func markWide(_ value: Int) { isWide[value] = true }

  func markKept(_ value: Int) { kept.insert(value) }

  private func makeValue(_ shape: Shape, _ rate: Rate) -> Int {
    shapes.append(shape)
    rates.append(rate)
    isWide.append(false)
    return shapes.count - 1
  }
}
