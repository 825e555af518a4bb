import CPUKernels
import Graph

extension Lowering {
  func attention(_ node: Node, _ attention: AttentionOptions) {
    let (query, key, value) = (node.inputs[0], node.inputs[1], node.inputs[2])
    var a = dk_attention()
    a.storage = storage
    a.query = address(query)
    a.query_stride = query.rowStride
    a.key = address(key)
    a.key_stride = key.rowStride
    a.value = address(value)
    a.value_stride = value.rowStride
    a.pictures = query.shape[0]
    a.queries = query.shape[1]
    a.keys = key.shape[1]
    a.heads = attention.heads
    a.head_size = query.shape.channels / attention.heads
    a.scale = attention.scale
    a.causal = attention.causal ? 1 : 0
    a.scratch = scratch.floats
    a.output = output(node)
    a.output_stride = query.shape.channels
    emit(a, items: withUnsafePointer(to: a) { dk_attention_items($0) }) { context, item, thread in
      dk_attention_item(context?.assumingMemoryBound(to: dk_attention.self), item, thread)
    }
  }

  /// Floats of scratch memory that the plan's hungriest node needs.
  static func scratchCount(_ plan: Plan, threads: Int) -> Int {
    plan.nodes.map { node in
      switch node.op {
      case .attention(let attention):
        dk_attention_scratch(node.inputs[0].shape.channels / attention.heads) * threads
      case .groupNorm(let groups, _), .groupNormStatistics(let groups), .groupNormApply(let groups, _, _):
        withUnsafePointer(to: groupNormShape(node, groups)) { dk_group_norm_scratch($0) }
      default: 0
      }
    }.max() ?? 0
  }
}
