import Graph
import Weights

/// Normalises each group of channels over a picture's pixels.
package struct GroupNorm {
  let groups: Int
  let affine: Affine

  /// Owns `weight` and `bias` `[channels]`.
  package init(_ weights: Weights, _ channels: Int, groups: Int, epsilon: Float) {
    self.groups = groups
    affine = Affine(weights, channels, epsilon)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.groupNorm(groups: groups, affine) }
}

/// Normalises each row over its channels.
package struct LayerNorm {
  let affine: Affine

  /// Owns `weight` and `bias` `[channels]`.
  package init(_ weights: Weights, _ channels: Int, epsilon: Float = 1e-5) {
    affine = Affine(weights, channels, epsilon)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { x.layerNorm(affine) }
}

extension Affine {
  fileprivate init(_ weights: Weights, _ channels: Int, _ epsilon: Float) {
    self.init(
      weight: weights.parameter("weight", [channels]), bias: weights.parameter("bias", [channels]),
      epsilon: epsilon)
  }
}
