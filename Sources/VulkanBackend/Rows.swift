import Graph

extension Lowering {
  /// Elementwise work that no producer took over, as a copy with an epilogue.
  func elementwise(_ node: Node) {
    var epilogue = Epilogue()
    switch node.op {
    case .activation(let function): epilogue.activation = function
    case .multiply: epilogue.gate = node.inputs[1]
    case .add where node.inputs[1].shape == node.inputs[0].shape: epilogue.residuals = [node.inputs[1]]
    default: epilogue.vector = node.inputs[1]
    }
    rows(node.inputs[0], epilogue, to: node, column: 0)
  }

  func concat(_ node: Node) {
    var column = 0
    for input in node.inputs {
      rows(input, Epilogue(), to: node, column: column)
      column += input.shape.channels
    }
  }

  private func rows(_ data: Operand, _ epilogue: Epilogue, to node: Node, column: Int) {
    let lowered = lowered(epilogue)
    let result = plan.place(node.output)
    let rows = data.shape.rows
    var push = RowsPush()
    push.data = address(data)
    push.result = address(ofResult: node) + UInt64(column * result.storage.bytes)
    (push.epilogue, push.numbers) = (lowered.addresses, lowered.numbers)
    (push.data_stride, push.result_stride) = (UInt32(data.rowStride), UInt32(shape(node).channels))
    (push.rows, push.columns) = (UInt32(rows), UInt32(data.shape.channels))
    push.picture_rows = UInt32(max(1, rows / max(1, data.shape.rank > 1 ? data.shape[0] : 1)))
    push.flags =
      lowered.flags | (isHalf(data) ? Flag.halfInput : 0) | (isHalf(node.output) ? Flag.halfOutput : 0)
    emit(
      "rows", push, elements: data.shape.count,
      quads: data.hasQuads && column % 4 == 0 && shape(node).channels % 4 == 0,
      reads: [range(data)] + lowered.reads,
      writes: range(ofResult: node))
  }

  func upsample(_ node: Node) {
    let (data, out) = (node.inputs[0], shape(node))
    let push = UpsamplePush(
      data: address(data), result: address(ofResult: node), data_stride: UInt32(data.rowStride),
      pictures: UInt32(data.shape[0]), in_height: UInt32(data.shape[1]), in_width: UInt32(data.shape[2]),
      out_height: UInt32(out[1]), out_width: UInt32(out[2]), channels: UInt32(data.shape[3]),
      half_data: half(data), half_result: isHalf(node.output) ? 1 : 0)
    emit(
      "upsample", push, elements: out.count, quads: data.hasQuads, reads: [range(data)],
      writes: range(ofResult: node))
  }

  func embedding(_ node: Node, _ table: Parameter, _ positions: Parameter?) {
    let ids = node.inputs[0]
    let push = EmbeddingPush(
      ids: address(ids), table: packed([table], .plain(plan.weights)),
      positions: positions.map { packed([$0], .plain(plan.weights)) } ?? 0, result: address(ofResult: node),
      tokens: UInt32(ids.shape.channels), sequences: UInt32(ids.shape.rows), width: UInt32(table.rowCount),
      table_rows: UInt32(table.rows.count), has_positions: positions == nil ? 0 : 1,
      half_table: plan.weights == .float16 ? 1 : 0, half_result: isHalf(node.output) ? 1 : 0)
    emit(
      "embedding", push, elements: shape(node).count, reads: [range(ids)], writes: range(ofResult: node))
  }
}
