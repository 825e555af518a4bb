import CPUKernels
import Graph

extension Lowering {
  func attention(_ node: Node, _ attention: AttentionOptions) {
    let (query, key, value) = (node.inputs[0], node.inputs[1], node.inputs[2])
    var a = Lowering.attentionShape(node, attention, instructions, plan.storage)
    a.query = address(query)
    a.query_stride = query.rowStride
    a.key = address(key)
    a.key_stride = key.rowStride
    a.value = address(value)
    a.value_stride = value.rowStride
    a.packed = scratch.characters
    a.scratch = scratch.characters + withUnsafePointer(to: a) { dk_attention_packed_bytes($0) }
    a.output = output(node)
    a.output_stride = query.shape.channels
    emit(a, items: withUnsafePointer(to: a) { dk_attention_pack_items($0) }) { context, item, _ in
      dk_attention_pack(context?.assumingMemoryBound(to: dk_attention.self), item)
    }
    emit(a, items: withUnsafePointer(to: a) { dk_attention_items($0) }) { context, item, thread in
      dk_attention_item(context?.assumingMemoryBound(to: dk_attention.self), item, thread)
    }
  }

  /// The sizes alone, which decide the scratch memory.
  static func attentionShape(
    _ node: Node, _ attention: AttentionOptions, _ instructions: InstructionSet, _ storage: Storage
  ) -> dk_attention {
    let (query, key) = (node.inputs[0].shape, node.inputs[1].shape)
    var a = dk_attention()
    a.storage = storage.kernel
    a.isa = instructions.kernel
    a.pictures = query[0]
    a.queries = query[1]
    a.keys = key[1]
    a.heads = attention.heads
    a.head_size = query.channels / attention.heads
    a.scale = attention.scale
    a.causal = attention.causal ? 1 : 0
    return a
  }
}
