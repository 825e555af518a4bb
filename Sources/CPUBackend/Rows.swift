import CPUKernels
import Graph

extension Lowering {
  /// Elementwise work that no producer took over, as a copy with an epilogue.
  func elementwise(_ node: Node) {
    var r = rows(from: node.inputs[0])
    switch node.op {
    case .activation(let function): activate(function, in: &r.epilogue)
    case .multiply:
      r.epilogue.gate = address(node.inputs[1])
      r.epilogue.gate_stride = node.inputs[1].rowStride
    case .add where node.inputs[1].shape == node.inputs[0].shape:
      r.epilogue.residual.0 = address(node.inputs[1])
      r.epilogue.residual_stride.0 = node.inputs[1].rowStride
    default:
      r.epilogue.vector = address(node.inputs[1])
      r.epilogue.vector_stride = node.inputs[1].shape[0] == 1 ? 0 : node.inputs[1].rowStride
    }
    r.output = output(node)
    r.output_stride = r.columns
    emit(r)
  }

  func concat(_ node: Node) {
    var column = 0
    for input in node.inputs {
      var r = rows(from: input)
      r.output = output(node) + column * plan.storage.bytes
      r.output_stride = shape(node).channels
      emit(r)
      column += r.columns
    }
  }

  func upsample(_ node: Node) {
    let input = node.inputs[0]
    var u = dk_upsample()
    u.storage = storage
    u.input = address(input)
    u.pixel_stride = input.rowStride
    u.pictures = input.shape[0]
    u.in_height = input.shape[1]
    u.in_width = input.shape[2]
    u.channels = input.shape[3]
    u.out_height = shape(node)[1]
    u.out_width = shape(node)[2]
    u.output = output(node)
    emit(u, items: u.pictures * u.out_height) { context, item, _ in
      dk_upsample_item(context?.assumingMemoryBound(to: dk_upsample.self), item)
    }
  }

  func embedding(_ node: Node, _ table: Parameter, _ positions: Parameter?) {
    let ids = node.inputs[0]
    var e = dk_embedding()
    e.storage = storage
    e.ids = address(ids).assumingMemoryBound(to: Float.self)
    e.length = ids.shape.channels
    e.sequences = ids.shape.rows
    e.width = table.rowCount
    e.table_rows = table.rows.count
    e.table = packedFloats([table])
    if let positions { e.positions = packedFloats([positions]) }
    e.output = output(node)
    emit(e, items: 1) { context, _, _ in dk_embed(context?.assumingMemoryBound(to: dk_embedding.self)) }
  }

  private func rows(from input: Operand) -> dk_rows {
    var r = dk_rows()
    r.storage = storage
    r.input = address(input)
    r.input_stride = input.rowStride
    r.rows = input.shape.rows
    r.columns = input.shape.channels
    r.picture_rows = max(1, r.rows / max(1, input.shape.rank > 1 ? input.shape[0] : 1))
    return r
  }

  private func emit(_ r: dk_rows) {
    emit(r, items: withUnsafePointer(to: r) { dk_rows_items($0) }) { context, item, _ in
      dk_rows_item(context?.assumingMemoryBound(to: dk_rows.self), item)
    }
  }
}
