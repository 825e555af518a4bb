import Graph

/// How group normalisation cuts the pixels of a picture.
struct GroupNormShape {
  let pictures: Int
  let pixels: Int
  let channels: Int
  let groups: Int
  let chunkPixels: Int

  init(_ node: Node, _ groups: Int) {
    let shape = node.inputs[0].shape
    (pictures, pixels, channels) = (shape[0], shape[1] * shape[2], shape.channels)
    self.groups = groups
    // Enough chunks to busy a device, few enough to merge them one after the other.
    chunkPixels = max(16, (pixels + 127) / 128)
  }

  var chunks: Int { max(1, (pixels + chunkPixels - 1) / chunkPixels) }
  /// Numbers of the chunks' statistics.
  private var chunksCount: Int { 2 * pictures * groups * chunks }
  /// Where those of the whole pictures follow: addresses of numbers read four at a time need no more than this.
  var wholeStart: Int { (chunksCount + 3) / 4 * 4 }
  var scratchCount: Int { wholeStart + 2 * pictures * groups }
}

extension Lowering {
  func groupNorm(_ node: Node, _ groups: Int, _ affine: Affine) {
    let shape = GroupNormShape(node, groups)
    let push = groupNormPush(node, shape, affine)
    measure(node, shape, push, writes: range(scratch))
    apply(node, push)
  }

  func groupNormStatistics(_ node: Node, _ groups: Int) {
    let shape = GroupNormShape(node, groups)
    var push = groupNormPush(node, shape, nil)
    push.whole = address(ofResult: node)
    push.flags |= Flag.moments
    measure(node, shape, push, writes: range(ofResult: node))
  }

  func groupNormApply(_ node: Node, _ groups: Int, _ affine: Affine, _ cut: Cut) {
    let shape = GroupNormShape(node, groups)
    let push = groupNormPush(node, shape, affine)
    var merge = push
    merge.statistics = address(node.inputs[1])
    (merge.pixels, merge.chunks) = (UInt32(cut.pixels), UInt32(cut.strips))
    merge.chunk_pixels = UInt32(cut.stripPixels)
    emit(
      "group_norm_merge", merge, elements: groups, reads: [range(node.inputs[1])], writes: range(scratch))
    apply(node, push)
  }

  private func groupNormPush(_ node: Node, _ shape: GroupNormShape, _ affine: Affine?) -> GroupNormPush {
    let data = node.inputs[0]
    let scratch = address(scratch)
    return GroupNormPush(
      data: address(data), statistics: scratch,
      whole: scratch + UInt64(shape.wholeStart * Storage.float32.bytes),
      weight: affine.map { plain($0.weight) } ?? 0, bias: affine.map { plain($0.bias) } ?? 0,
      result: address(ofResult: node), data_stride: UInt32(data.rowStride),
      pictures: UInt32(shape.pictures), pixels: UInt32(shape.pixels), channels: UInt32(shape.channels),
      groups: UInt32(shape.groups), chunks: UInt32(shape.chunks), chunk_pixels: UInt32(shape.chunkPixels),
      epsilon: affine?.epsilon ?? 0, flags: normFlags(node))
  }

  /// The first two passes.
  private func measure(_ node: Node, _ shape: GroupNormShape, _ push: GroupNormPush, writes: Range<UInt64>) {
    let data = range(node.inputs[0])
    if !choices.measuresInChunks(storage) {
      emit(
        "group_norm_plain", push, elements: shape.pictures * shape.groups, reads: [data], writes: writes)
    } else {
      emit(
        KernelKey("group_norm_measure", storage), push, groups: (shape.chunks, shape.pictures, 1),
        reads: [data],
        writes: range(scratch), cost: 32 * Double(node.inputs[0].shape.count))
      emit(
        "group_norm_merge", push, elements: shape.pictures * shape.groups, reads: [range(scratch)],
        writes: writes)
    }
  }

  private func apply(_ node: Node, _ push: GroupNormPush) {
    let data = node.inputs[0]
    emit(
      "group_norm_apply", push, elements: data.shape.count, quads: data.hasQuads,
      reads: [range(scratch), range(data)], writes: range(ofResult: node))
  }

  func layerNorm(_ node: Node, _ affine: Affine) {
    let data = node.inputs[0]
    let rows = data.shape.rows
    let push = LayerNormPush(
      data: address(data), weight: plain(affine.weight), bias: plain(affine.bias),
      result: address(ofResult: node), data_stride: UInt32(data.rowStride),
      channels: UInt32(data.shape.channels), rows: UInt32(rows), epsilon: affine.epsilon,
      flags: normFlags(node))
    let kernel = choices.choose([KernelKey("layer_norm", storage), KernelKey("layer_norm_plain", storage)])
    let isPlain = kernel.name == "layer_norm_plain"
    let x = min(max(rows, 1), 1024)
    emit(
      kernel, push,
      groups: isPlain ? grid(elements: rows) : (x, (rows + x - 1) / x, 1), reads: [range(data)],
      writes: range(ofResult: node), cost: 64 * Double(shape(node).count))
  }

  private func normFlags(_ node: Node) -> UInt32 {
    (node.epilogue.activation?.number ?? 0) | (isHalf(node.inputs[0]) ? Flag.halfInput : 0)
      | (isHalf(node.output) ? Flag.halfOutput : 0)
  }
}

extension KernelChoices {
  /// Whether statistics are made in chunks, which another kernel merges, or by one thread for a whole group.
  func measuresInChunks(_ storage: Storage) -> Bool {
    let measure = KernelKey("group_norm_measure", storage)
    let chosen = choose([measure, KernelKey("group_norm_plain", storage)])
    // The two are tried together.
    return chosen == measure && (tried == measure || trusts(KernelKey("group_norm_merge", storage)))
  }
}
