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
    // Enough chunks to busy a device, and few to merge.
    chunkPixels = max(16, min(256, (pixels + 127) / 128))
  }

  /// Groups that a work group measures: of about 128 channels, which can be read four at a time.
  var blockGroups: Int {
    let width = channels / groups
    let least = width % 4 == 0 ? 1 : width % 2 == 0 ? 2 : 4
    return min(groups, least * ((128 + least * width - 1) / (least * width)))
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
    apply(node, shape, push)
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
    self.merge(merge, reads: range(node.inputs[1]), writes: range(scratch))
    apply(node, shape, push)
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
      epsilon: affine?.epsilon ?? 0, flags: normFlags(node), block_groups: UInt32(shape.blockGroups))
  }

  /// The first two passes.
  private func measure(_ node: Node, _ shape: GroupNormShape, _ push: GroupNormPush, writes: Range<UInt64>) {
    let data = node.inputs[0]
    if let kernel = choices.groupNormMeasure(data, storage) {
      let blocks = (shape.groups + shape.blockGroups - 1) / shape.blockGroups
      emit(
        kernel, push, groups: (shape.chunks, shape.pictures, blocks), reads: [range(data)],
        writes: range(scratch), cost: 32 * Double(data.shape.count))
      merge(push, reads: range(scratch), writes: writes)
    } else {
      emit(
        "group_norm_plain", push, elements: shape.pictures * shape.groups, reads: [range(data)],
        writes: writes)
    }
  }

  /// One work group a group.
  private func merge(_ push: GroupNormPush, reads: Range<UInt64>, writes: Range<UInt64>) {
    let groups = Int(push.pictures * push.groups)
    let x = min(max(groups, 1), 1024)
    emit(
      KernelKey("group_norm_merge", storage), push, groups: (x, (groups + x - 1) / x, 1), reads: [reads],
      writes: writes, cost: 32 * Double(push.chunks) * Double(groups))
  }

  /// Each thread takes four pixels.
  private func apply(_ node: Node, _ shape: GroupNormShape, _ push: GroupNormPush) {
    let data = node.inputs[0]
    emit(
      "group_norm_apply", push, elements: shape.pictures * ((shape.pixels + 3) / 4) * shape.channels,
      quads: data.hasQuads, reads: [range(scratch), range(data)], writes: range(ofResult: node))
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
  /// What makes statistics in chunks, which another kernel merges; nil if one thread does it for a whole group.
  func groupNormMeasure(_ data: Operand, _ storage: Storage) -> KernelKey? {
    let ways = (data.hasQuads ? [1, 0] : [0]).map { KernelKey("group_norm_measure", storage, [$0]) }
    let chosen = choose(ways + [KernelKey("group_norm_plain", storage)])
    // The two are tried together.
    let isPossible = tried == chosen || trusts(KernelKey("group_norm_merge", storage))
    return ways.contains(chosen) && isPossible ? chosen : nil
  }
}
