/// A symbolic tensor: a shape and its place in a graph. Model code is plain maths over these; calling it
/// records operations. A reshape or a slice of the last axis records nothing.
package struct Tensor {
  let graph: Graph
  package let operand: Operand

  package var shape: Shape { operand.shape }

  /// The same elements in another shape with the same last axis (or, for a whole tensor, any shape of the
  /// same count).
  package func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "\(self.shape) has not the elements of \(shape)")
    precondition(shape.channels == self.shape.channels || operand.isWhole, "rows of a slice must stay")
    let stride = operand.isWhole ? shape.channels : operand.rowStride
    return Tensor(
      graph: graph,
      operand: Operand(value: operand.value, shape: shape, offset: operand.offset, rowStride: stride))
  }

  /// A picture `[batch, height, width, channels]` as a sequence `[batch, height x width, channels]`.
  package var asSequence: Tensor { reshaped([shape[0], shape[1] * shape[2], shape[3]]) }

  /// The same tensor, stored in float32 by every plan: its numbers may grow beyond what 16 bits hold.
  package var wideRange: Tensor {
    graph.markWide(operand.value)
    return self
  }

  /// The same tensor, which a plan in strips makes once as a whole where memory allows it: what comes after it does
  /// not make it again.
  package var kept: Tensor {
    graph.markKept(operand.value)
    return self
  }

  /// Channels `range` of each row.
  package func channels(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= shape.channels, "channels \(range) of \(shape)")
    return Tensor(
      graph: graph,
      operand: Operand(
        value: operand.value, shape: Shape(shape.dimensions.dropLast() + [range.count]),
        offset: operand.offset + range.lowerBound, rowStride: operand.rowStride))
  }

  /// `[..., in]` to `[..., out]`: x Wᵀ + bias.
  package func linear(_ weight: Weight, bias: [Parameter] = []) -> Tensor {
    precondition(
      weight.depth == shape.channels, "linear \(weight.parts[0].name): \(weight.depth) inputs, not \(shape)")
    precondition(bias.isEmpty || bias.reduce(0) { $0 + $1.count } == weight.outputs)
    return graph.record(
      .linear(weight), [self], shape: Shape(shape.dimensions.dropLast() + [weight.outputs]), bias: bias)
  }

  /// A convolution to `height` x `width` output pixels.
  package func conv2d(_ weight: Weight, _ window: Window, height: Int, width: Int, bias: [Parameter])
    -> Tensor
  {
    precondition(
      shape.rank == 4 && weight.depth == shape.channels * window.kernel * window.kernel,
      "conv2d \(weight.parts[0].name) \(weight.parts[0].shape) of \(shape)")
    precondition(bias.isEmpty || bias.reduce(0) { $0 + $1.count } == weight.outputs)
    return graph.record(
      .conv2d(weight, window), [self], shape: [shape[0], height, width, weight.outputs], bias: bias)
  }

  package func groupNorm(groups: Int, _ affine: Affine) -> Tensor {
    precondition(shape.rank == 4 && shape.channels % groups == 0, "\(groups) groups of \(shape)")
    return graph.record(.groupNorm(groups: groups, affine), [self], shape: shape)
  }

  package func layerNorm(_ affine: Affine) -> Tensor {
    graph.record(.layerNorm(affine), [self], shape: shape)
  }

  /// Attention with `self` as queries `[batch, tokens, channels]`.
  package func attention(keys: Tensor, values: Tensor, _ attention: AttentionOptions) -> Tensor {
    precondition(
      shape.rank == 3 && keys.shape == values.shape && keys.shape[0] == shape[0]
        && keys.shape.channels == shape.channels && shape.channels % attention.heads == 0,
      "attention of \(shape), \(keys.shape), \(values.shape)")
    precondition(attention.scale > 0, "attention scale \(attention.scale)")
    return graph.record(.attention(attention), [self, keys, values], shape: shape)
  }

  package func concat(_ other: Tensor) -> Tensor {
    precondition(
      shape.dimensions.dropLast() == other.shape.dimensions.dropLast(), "\(shape) and \(other.shape)")
    return graph.record(
      .concat, [self, other],
      shape: Shape(shape.dimensions.dropLast() + [shape.channels + other.shape.channels]))
  }

  /// Nearest neighbour to `height` x `width` pixels.
  package func upsampled(height: Int, width: Int) -> Tensor {
    precondition(shape.rank == 4)
    return graph.record(.upsample, [self], shape: [shape[0], height, width, shape[3]])
  }

  /// Table rows for `self` as ids `[batch, tokens]`.
  package func embedding(table: Parameter, positions: Parameter?) -> Tensor {
    precondition(positions.map { $0.rows.count >= shape.channels } ?? true, "\(shape) has too many positions")
    precondition(
      positions.map { $0.rowCount == table.rowCount } ?? true, "positions as wide as \(table.name)")
    return graph.record(
      .embedding(table: table, positions: positions), [self],
      shape: Shape(shape.dimensions + [table.rowCount]))
  }

  package func activated(_ function: Activation) -> Tensor {
    precondition(function.slopes.map { $0.count == shape.channels } ?? true, "slopes of \(shape)")
    return graph.record(.activation(function), [self], shape: shape)
  }

  /// Adds a vector `[batch or 1, channels]` to all pixels of each picture.
  package func adding(perChannel vector: Tensor) -> Tensor {
    precondition(
      shape.rank == 4 && vector.shape.rank == 2 && vector.shape.channels == shape.channels
        && (vector.shape[0] == 1 || vector.shape[0] == shape[0]), "\(vector.shape) per channel of \(shape)")
    return graph.record(.add, [self, vector], shape: shape)
  }

  package static func + (a: Tensor, b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "\(a.shape) + \(b.shape)")
    return a.graph.record(.add, [a, b], shape: a.shape)
  }

  package static func * (a: Tensor, b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "\(a.shape) * \(b.shape)")
    return a.graph.record(.multiply, [a, b], shape: a.shape)
  }
}
