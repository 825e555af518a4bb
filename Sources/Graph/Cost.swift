extension Plan {
  /// Multiplications and additions of a node's products; for other ops one for each element of the result, since
  /// moving memory is what they cost.
  package func operations(of node: Node) -> Int {
    let count = result(of: node).shape.count
    switch node.op {
    case .linear(let weight), .conv2d(let weight, _): return 2 * count * weight.depth
    case .attention: return 4 * count * node.inputs[1].shape[1]
    case .groupNormStatistics: return node.inputs[0].shape.count
    default: return count
    }
  }

  /// Of all nodes.
  package var operations: Int { nodes.reduce(0) { $0 + operations(of: $1) } }

  /// Bytes that a node must read and write: its operands, weights and result, each once.
  package func bytes(of node: Node) -> Int {
    let operands = node.operands.reduce(0) { $0 + $1.shape.count * place($1.value).storage.bytes }
    let result = result(of: node).shape.count * place(node.output).storage.bytes
    switch node.op {
    case .linear(let weight), .conv2d(let weight, _):
      return operands + result + weight.outputs * weight.depth * storage.bytes
    default: return operands + result
    }
  }
}
