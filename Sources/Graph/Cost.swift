extension Plan {
  /// What a node computes.
  package func operations(of node: Node) -> Int {
    node.op.operations(node.inputs, count: result(of: node).shape.count)
  }

  /// Of all nodes.
  package var operations: Int { nodes.reduce(0) { $0 + operations(of: $1) } }

  /// Bytes that a node must read and write: its operands, matrix and result, each once.
  package func bytes(of node: Node) -> Int {
    let operands = node.operands.reduce(0) { $0 + $1.shape.count * place($1.value).storage.bytes }
    let result = result(of: node).shape.count * place(node.output).storage.bytes
    return node.op.parameterUses.reduce(operands + result) { bytes, use in
      guard case .matrix(let weight, _) = use else { return bytes }
      let format = weights == .int8 && !node.isInt8 ? WeightFormat(matching: storage) : weights
      return bytes + format.bytes(rows: weight.outputs, columns: weight.depth)
    }
  }
}
