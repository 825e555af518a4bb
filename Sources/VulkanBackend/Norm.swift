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
  /// Means and squared differences of the chunks, then of the pictures.
  var statisticsCount: Int { 2 * pictures * groups * (chunks + 1) }
}

extension Lowering {
  func groupNorm(_ node: Node, _ groups: Int, _ affine: Affine) throws(VulkanError) {
    let data = node.inputs[0]
    let shape = GroupNormShape(node, groups)
    let push = GroupNormPush(
      data: address(data), statistics: context.arena.address(scratch), weight: plain(affine.weight),
      bias: plain(affine.bias), result: address(ofResult: node), data_stride: UInt32(data.rowStride),
      pictures: UInt32(shape.pictures), pixels: UInt32(shape.pixels), channels: UInt32(shape.channels),
      groups: UInt32(groups), chunks: UInt32(shape.chunks), chunk_pixels: UInt32(shape.chunkPixels),
      epsilon: affine.epsilon, flags: normFlags(node))
    let count = shape.pictures * shape.pixels * shape.channels
    if method(node) == .plain {
      try emit(
        "group_norm_plain", push, elements: shape.pictures * groups, reads: [range(data)],
        writes: range(scratch))
    } else {
      try emit(
        key("group_norm_measure"), push, groups: (shape.chunks, shape.pictures, 1), reads: [range(data)],
        writes: range(scratch), cost: 32 * Double(count))
      try emit(
        "group_norm_merge", push, elements: shape.pictures * groups, reads: [range(scratch)],
        writes: range(scratch))
    }
    try emit(
      "group_norm_apply", push, elements: count, quads: quads(data), reads: [range(scratch), range(data)],
      writes: range(ofResult: node))
  }

  func layerNorm(_ node: Node, _ affine: Affine) throws(VulkanError) {
    let data = node.inputs[0]
    let rows = data.shape.rows
    let push = LayerNormPush(
      data: address(data), weight: plain(affine.weight), bias: plain(affine.bias),
      result: address(ofResult: node), data_stride: UInt32(data.rowStride),
      channels: UInt32(data.shape.channels), rows: UInt32(rows), epsilon: affine.epsilon,
      flags: normFlags(node))
    let isPlain = method(node) == .plain
    let x = min(max(rows, 1), 1024)
    try emit(
      key(isPlain ? "layer_norm_plain" : "layer_norm"), push,
      groups: isPlain ? grid(elements: rows) : (x, (rows + x - 1) / x, 1), reads: [range(data)],
      writes: range(ofResult: node), cost: 64 * Double(shape(node).count))
  }

  private func normFlags(_ node: Node) -> UInt32 {
    (node.epilogue.activation?.number ?? 0) | (isHalf(node.inputs[0]) ? Flag.halfInput : 0)
      | (isHalf(node.output) ? Flag.halfOutput : 0)
  }
}
