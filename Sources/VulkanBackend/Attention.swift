import Graph

extension Lowering {
  func attention(_ node: Node, _ options: AttentionOptions) {
    let (query, key, value) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let head = query.shape.channels / options.heads
    let (queries, keys) = (query.shape[1], key.shape[1])
    let push = AttentionPush(
      query: address(query), key: address(key), value: address(value), result: address(ofResult: node),
      query_stride: UInt32(query.rowStride), key_stride: UInt32(key.rowStride),
      value_stride: UInt32(value.rowStride), queries: UInt32(queries), keys: UInt32(keys),
      heads: UInt32(options.heads), scale: options.scale, causal: options.causal ? 1 : 0,
      half_data: half(query) | half(key) << 1 | half(value) << 2 | (isHalf(node.output) ? 8 : 0))
    let kernel = choices.attention(node, options, plan)
    let groups =
      kernel.block == 0
      ? grid(elements: shape(node).count)
      : (
        x: options.heads * (head / kernel.columns), y: (queries + kernel.block - 1) / kernel.block,
        z: query.shape[0]
      )
    emit(
      kernel.key, push, groups: groups, reads: [query, key, value].map(range), writes: range(ofResult: node),
      cost: 4 * Double(shape(node).count) * Double(keys) * (kernel.block == 0 ? Double(head) : 1))
  }
}

/// A kernel for attention, and how it shares out the work.
struct AttentionKernel {
  let key: KernelKey
  /// Queries of a work group; zero for one result a thread.
  let block: Int
  /// Columns of a head that a work group makes.
  let columns: Int
}

extension KernelChoices {
  func attention(_ node: Node, _ options: AttentionOptions, _ plan: Plan) -> AttentionKernel {
    let query = node.inputs[0]
    let head = query.shape.channels / options.heads
    // A thread of tiles keeps its part of the results in registers: wide heads leave room for fewer queries.
    let block = head <= 160 ? 32 : 8
    let kernels =
      onMatrices(node, head, plan) + [
        AttentionKernel(
          key: KernelKey("attention", plan.storage, [0, head, block]), block: block, columns: head),
        AttentionKernel(
          key: KernelKey("attention_plain", plan.storage, [head, query.shape[0]]), block: 0, columns: head),
      ]
    let chosen = choose(kernels.map(\.key))
    return kernels.first { $0.key == chosen } ?? kernels[kernels.count - 1]
  }

  private func onMatrices(_ node: Node, _ head: Int, _ plan: Plan) -> [AttentionKernel] {
    guard fitsMatrices(node, plan) else { return [] }
    let values = node.inputs.map(\.value) + [node.output]
    // Queries of a wide head are read in whole fragments.
    let isPossible =
      head > 160 ? head % 256 == 0 && head <= 512 && node.inputs[0].shape[1] % 16 == 0 : head % 8 == 0
    guard isPossible, values.allSatisfy({ plan.place($0).storage == .float16 }) else { return [] }
    return [inRegisters(head), onAnyMatrices(head)].compactMap { $0 }
  }

  /// Scores in registers.
  private func inRegisters(_ head: Int) -> AttentionKernel? {
    guard mayHaveNvidiaFragments else { return nil }
    // Keys of a block, and subgroups with 16 queries each: the fastest on an H100 (SPEED.md).
    let (keys, subgroups) =
      switch head {
      case ...48: (32, 16)
      case ...64: (128, 4)
      case ...96: (64, 8)
      case ...160: (32, 4)
      default: (16, 4)
      }
    let columns = head <= 160 ? head : 256
    // As in attention_registers.comp: keys and values, or queries, or results; places.
    let (width, resultWidth) = ((head + 15) / 16 * 16 + 8, (columns + 15) / 16 * 16 + 8)
    let stage = 16 * subgroups * (columns < head ? resultWidth : width)
    let shared = 2 * max(keys * (width + resultWidth), stage) + 4 * 16 * 16
    return matrixKernel(
      "attention_registers", subgroups: subgroups, [head, columns, keys, subgroups], sharedBytes: shared
    ).map { AttentionKernel(key: $0, block: 16 * subgroups, columns: columns) }
  }

  /// Scores in memory that work groups share.
  private func onAnyMatrices(_ head: Int) -> AttentionKernel? {
    let isWide = head > 160
    guard let shape = matrixShape else { return nil }
    let (keys, columns, queries) = (isWide ? 16 : 32, isWide ? 128 : head, 4 * shape.rows)
    // Lanes that share a row of scores take four keys at least.
    guard keys * shape.rows / subgroupSize >= 4 else { return nil }
    // As in attention_matrix.comp: a tile, scores, weights and factors.
    let width = (head + 15) / 16 * 16
    let shared = 2 * keys * (width + 8) + queries * (4 * keys + 2 * (keys + 8) + 4 * shape.columns)
    return matrixKernel("attention_matrix", subgroups: 4, [head, columns, keys], sharedBytes: shared)
      .map { AttentionKernel(key: $0, block: queries, columns: columns) }
  }
}
