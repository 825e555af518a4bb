import Graph

/// A plan whose values are arrays, empty until they are written or made.
final class ReferenceProgram: Program {
  private let plan: Plan
  private let parameters: [Parameter: [Float]]
  /// By the graph's value index.
  private var values: [[Float]]

  init(_ plan: Plan, _ parameters: [Parameter: [Float]]) {
    self.plan = plan
    self.parameters = parameters
    values = plan.shapes.map { _ in [] }
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    guard let target = plan.inputs.first(where: { $0.name == input }) else {
      preconditionFailure("no input \(input)")
    }
    let shape = plan.shapes[target.value]
    precondition(values.count == shape.count, "\(values.count) values for input \(input) \(shape)")
    self.values[target.value] =
      target.layout == .asIs ? Array(values) : channelsLast(Array(values), shape)
  }

  func run(_ rate: Rate, check: () throws -> Void) throws {
    for node in rate == .picture ? plan.nodes[..<plan.prologue] : plan.nodes[plan.prologue...] {
      try check()
      store(evaluate(node), plan.result(of: node))
    }
  }

  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
    guard let source = plan.outputs.first(where: { $0.name == output }) else {
      preconditionFailure("no output \(output)")
    }
    let shape = plan.shapes[source.value], made = self.values[source.value]
    precondition(values.count == shape.count, "\(values.count) values for output \(output) \(shape)")
    precondition(made.count == shape.count, "output \(output) was not made yet")
    _ = values.update(from: source.layout == .channelsFirst ? channelsFirst(made, shape) : made)
  }

  private func store(_ numbers: [Float], _ part: Operand) {
    let count = plan.shapes[part.value].count
    guard numbers.count < count else { return values[part.value] = numbers }
    if values[part.value].isEmpty { values[part.value] = Array(repeating: .nan, count: count) }
    values[part.value].replaceSubrange(part.offset..<(part.offset + numbers.count), with: numbers)
  }

  private func evaluate(_ node: Node) -> [Float] {
    let shape = plan.result(of: node).shape
    let inputs = node.inputs.map(numbers), shapes = node.inputs.map(\.shape)
    var result: [Double]
    switch node.op {
    case .linear(let weight):
      result = linear(inputs[0], stacked(weight.parts), depth: weight.depth, outputs: weight.outputs)
    case .conv2d(let weight, let window):
      result = conv2d(inputs[0], shapes[0], stacked(weight.parts), window, to: shape)
    case .groupNorm(let groups, let affine):
      result = groupNorm(inputs[0], shapes[0], groups: groups, scaleAndShift(affine))
    case .groupNormStatistics(let groups): result = groupNormStatistics(inputs[0], shapes[0], groups: groups)
    case .groupNormApply(let groups, let affine, let cut):
      result = groupNormApply(
        inputs[0], channels: shape.channels, groups: groups, inputs[1], cut, scaleAndShift(affine))
    case .layerNorm(let affine):
      result = layerNorm(inputs[0], shapes[0], scaleAndShift(affine))
    case .attention(let options):
      result = attention(inputs[0], shapes[0], keys: inputs[1], values: inputs[2], shapes[1], options)
    case .concat: result = concat(inputs, channels: shapes.map(\.channels))
    case .upsample: result = upsample(inputs[0], shapes[0], to: shape)
    case .embedding(let table, let positions):
      result = embedding(
        inputs[0], tokens: shapes[0].channels, table: stacked([table]),
        positions: positions.map { stacked([$0]) }, width: table.rowCount)
    case .activation(let function):
      result = inputs[0].map { Double($0) }
      apply(function, to: &result, channels: shape.channels)
    case .add:
      result = inputs[0].map { Double($0) }
      add(inputs[1], to: &result, channels: shape.channels)
    case .multiply:
      result = inputs[0].map { Double($0) }
      multiply(&result, by: inputs[1])
    }
    precondition(result.count == shape.count, "\(node.op) made \(result.count) values for \(shape)")
    finish(&result, node.epilogue, channels: shape.channels)
    return result.map { Float($0) }
  }

  /// Bias, per-channel vector, activation, gate, residuals, in this order.
  private func finish(_ result: inout [Double], _ epilogue: Epilogue, channels: Int) {
    if !epilogue.bias.isEmpty { add(stacked(epilogue.bias), to: &result, channels: channels) }
    if let vector = epilogue.vector { add(numbers(vector), to: &result, channels: channels) }
    if let function = epilogue.activation { apply(function, to: &result, channels: channels) }
    if let gate = epilogue.gate { multiply(&result, by: numbers(gate)) }
    for residual in epilogue.residuals { add(numbers(residual), to: &result, channels: channels) }
  }

  private func apply(_ function: Activation, to result: inout [Double], channels: Int) {
    guard let slopes = function.slopes.map({ stacked([$0]) }) else {
      return result = result.map { activate(function, $0) }
    }
    for index in result.indices {
      result[index] = activate(function, result[index], slope: slopes[index % channels])
    }
  }

  /// The elements that an operand sees, without gaps.
  private func numbers(_ operand: Operand) -> [Float] {
    let value = values[operand.value], channels = operand.shape.channels
    precondition(value.count == plan.shapes[operand.value].count, "value \(operand.value) was not made yet")
    if operand.isWhole, operand.shape.count == value.count { return value }
    var seen: [Float] = []
    seen.reserveCapacity(operand.shape.count)
    for row in 0..<operand.shape.rows {
      let start = row * operand.rowStride + operand.offset
      seen += value[start..<(start + channels)]
    }
    return seen
  }

  /// The numbers of several parameters, one below the other.
  private func stacked(_ parts: [Parameter]) -> [Float] {
    parts.flatMap { part in
      guard let numbers = parameters[part] else { preconditionFailure("\(part.name) was not read") }
      return numbers
    }
  }

  private func scaleAndShift(_ affine: Affine) -> ScaleAndShift {
    ScaleAndShift(
      weight: stacked([affine.weight]), bias: stacked([affine.bias]), epsilon: Double(affine.epsilon))
  }
}
