/// Folds each elementwise op into the node that makes its input, where that value has no other reader. The
/// fused node takes the place of the elementwise op, so that all its operands exist by then.
/// - Parameters:
///   - shapes: of all values, by index.
///   - keep: values that must exist by themselves, the graph's outputs.
package func fused(_ nodes: [Node], shapes: [Shape], keep: [Int]) -> [Node] {
  var readers: [Int: Int] = [:]
  for value in nodes.flatMap(\.operands).map(\.value) + keep { readers[value, default: 0] += 1 }
  var result: [Node?] = []
  var maker: [Int: Int] = [:]
  for node in nodes {
    var candidate = node
    for (index, input) in node.inputs.enumerated() {
      guard
        input.isWhole, readers[input.value] == 1, let at = maker[input.value], var producer = result[at],
        producer.rate == node.rate, producer.makes(shapes[input.value], readAs: input.shape),
        producer.absorb(node, input: index)
      else { continue }
      producer.output = node.output
      result[at] = nil
      candidate = producer
      break
    }
    maker[candidate.output] = result.count
    result.append(candidate)
  }
  return result.compactMap { $0 }
}

extension Node {
  /// Whether the result may get the shape of a reader that reshapes it. A convolution must keep its pixels, and
  /// per-channel vectors their pictures; a linear layer does not care which rows it makes.
  fileprivate func makes(_ made: Shape, readAs shape: Shape) -> Bool {
    guard case .linear = op else { return shape == made }
    return shape.channels == made.channels && shape[0] == made[0]
  }

  /// Takes over the elementwise `node` that reads this one's value as its input `input`.
  fileprivate mutating func absorb(_ node: Node, input: Int) -> Bool {
    let takesEpilogue = op.fusible == .epilogue
    switch node.op {
    case .activation(let function):
      let takesActivation =
        takesEpilogue || op.fusible == .activation && function.isSmooth && epilogue == Epilogue()
      return takesActivation && epilogue.append(node.op, nil, broadcasts: false)
    case .add, .multiply:
      let other = node.inputs[1 - input]
      let broadcasts = node.inputs[1].shape != node.inputs[0].shape
      guard takesEpilogue, !(broadcasts && input == 1) else { return false }
      return epilogue.append(node.op, other, broadcasts: broadcasts)
    default:
      return false
    }
  }
}
