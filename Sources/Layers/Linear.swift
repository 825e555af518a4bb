import Graph
import Weights

/// x Wᵀ + b over the last axis.
package struct Linear {
  package let weight: Parameter
  package let bias: Parameter?

  /// Owns `weight` `[outputs, inputs]` and, unless told otherwise, `bias` `[outputs]`.
  package init(_ weights: Weights, _ inputs: Int, _ outputs: Int, bias: Bool = true) {
    weight = weights.parameter("weight", [outputs, inputs])
    self.bias = bias ? weights.parameter("bias", [outputs]) : nil
  }

  /// `[..., inputs]` to `[..., outputs]`.
  package func callAsFunction(_ x: Tensor) -> Tensor {
    x.linear(Weight([weight]), bias: bias.map { [$0] } ?? [])
  }

  /// A layer of some of the outputs.
  package func outputs(_ range: Range<Int>) -> Linear {
    Linear(weight: weight.slice(range), bias: bias?.slice(range))
  }

  private init(weight: Parameter, bias: Parameter?) {
    self.weight = weight
    self.bias = bias
  }

  /// Several layers of one input in one product: their outputs side by side.
  static func joined(_ layers: [Linear], _ x: Tensor) -> Tensor {
    x.linear(Weight(layers.map(\.weight)), bias: layers.compactMap(\.bias))
  }
}
