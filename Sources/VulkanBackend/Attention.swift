import Graph
extension Lowering {
  func attention(_ node: Node, _ options: AttentionOptions) throws(VulkanError) {
    let (query, key, value) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let head = query.shape.channels / options.heads
    let (queries, keys) = (query.shape[1], key.shape[1])
    let push = AttentionPush(
      query: address(query), key: address(key), value: address(value), result: address(ofResult: node),
      query_stride: UInt32(query.rowStride), key_stride: UInt32(key.rowStride),
      value_stride: UInt32(value.rowStride), queries: UInt32(queries), keys: UInt32(keys),
      heads: UInt32(options.heads), scale: options.scale, causal: options.causal ? 1 : 0,
      half_data: half(query) | half(key) << 1 | half(value) << 2 | (isHalf(node.output) ? 8 : 0))
    let kernel: KernelKey
    // Queries of a work group; zero for one result a thread.
    var block = 0
    // Columns of a head that a work group makes.
    var columns = head
    switch method(node) {
    case .matrices:
      block = 4 * (context.choices.matrixShape?.rows ?? 0)
      columns = head <= 160 ? head : 128
      kernel = matrixKey("attention_matrix", subgroups: 4, [head, columns, head <= 160 ? 32 : 16])
    case .tiles:
      // A thread keeps its part of the results in registers: wide heads leave room for fewer queries.
      block = head <= 160 ? 32 : 8
      kernel = self.key("attention", [0, UInt32(head), UInt32(block)])
    case .plain: kernel = self.key("attention_plain", [UInt32(head), UInt32(query.shape[0])])
    }
    let groups =
      block == 0
      ? grid(elements: shape(node).count)
      : (x: options.heads * (head / columns), y: (queries + block - 1) / block, z: query.shape[0])
    try emit(
      kernel, push, groups: groups, reads: [query, key, value].map(range), writes: range(ofResult: node),
      cost: 4 * Double(shape(node).count) * Double(keys) * (block == 0 ? Double(head) : 1))
  }
}
