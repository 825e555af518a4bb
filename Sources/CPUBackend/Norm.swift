import CPUKernels
import Graph

extension Lowering {
  func groupNorm(_ node: Node, _ groups: Int, _ affine: Affine) {
    let n = groupNormArguments(node, groups, affine)
    measure(n)
    emit(n, items: n.pictures) { context, item, _ in
      dk_group_norm_merge(context?.assumingMemoryBound(to: dk_group_norm.self), item)
    }
    apply(n)
  }

  func groupNormStatistics(_ node: Node, _ groups: Int) {
    var n = groupNormArguments(node, groups, nil)
    n.moments = output(node).assumingMemoryBound(to: Float.self)
    measure(n)
    emit(n, items: 1) { context, _, _ in
      dk_group_norm_moments(context?.assumingMemoryBound(to: dk_group_norm.self))
    }
  }

  func groupNormApply(_ node: Node, _ groups: Int, _ affine: Affine, _ cut: Cut) {
    var n = groupNormArguments(node, groups, affine)
    n.moments = UnsafeMutableRawPointer(mutating: address(node.inputs[1])).assumingMemoryBound(to: Float.self)
    n.strip_pixels = cut.stripPixels
    n.picture_pixels = cut.pixels
    emit(n, items: 1) { context, _, _ in
      dk_group_norm_merge_strips(context?.assumingMemoryBound(to: dk_group_norm.self))
    }
    apply(n)
  }

  private func groupNormArguments(_ node: Node, _ groups: Int, _ affine: Affine?) -> dk_group_norm {
    var n = Lowering.groupNormShape(node, groups)
    n.storage = storage
    n.input = address(node.inputs[0])
    n.pixel_stride = node.inputs[0].rowStride
    n.activation = node.epilogue.activation?.kernel ?? dk_activation_none
    n.statistics = scratch.floats
    n.output = output(node)
    if let affine {
      n.epsilon = affine.epsilon
      n.weight = packedFloats([affine.weight])
      n.bias = packedFloats([affine.bias])
    }
    return n
  }

  private func measure(_ n: dk_group_norm) {
    emit(n, items: withUnsafePointer(to: n) { dk_group_norm_items($0) }) { context, item, _ in
      dk_group_norm_measure(context?.assumingMemoryBound(to: dk_group_norm.self), item)
    }
  }

  private func apply(_ n: dk_group_norm) {
    emit(n, items: withUnsafePointer(to: n) { dk_group_norm_items($0) }) { context, item, _ in
      dk_group_norm_apply(context?.assumingMemoryBound(to: dk_group_norm.self), item)
    }
  }

  /// The sizes alone, which decide the scratch memory.
  static func groupNormShape(_ node: Node, _ groups: Int) -> dk_group_norm {
    let shape = node.inputs[0].shape
    var n = dk_group_norm()
    n.pictures = shape[0]
    n.pixels = shape[1] * shape[2]
    n.channels = shape.channels
    n.groups = groups
    return n
  }

  func layerNorm(_ node: Node, _ affine: Affine) {
    var n = dk_layer_norm()
    n.storage = storage
    n.input = address(node.inputs[0])
    n.row_stride = node.inputs[0].rowStride
    n.rows = node.inputs[0].shape.rows
    n.channels = node.inputs[0].shape.channels
    n.epsilon = affine.epsilon
    n.weight = packedFloats([affine.weight])
    n.bias = packedFloats([affine.bias])
    n.activation = node.epilogue.activation?.kernel ?? dk_activation_none
    n.output = output(node)
    emit(n, items: withUnsafePointer(to: n) { dk_layer_norm_items($0) }) { context, item, _ in
      dk_layer_norm_item(context?.assumingMemoryBound(to: dk_layer_norm.self), item)
    }
  }
}
