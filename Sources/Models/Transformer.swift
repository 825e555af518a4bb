import Graph
import Layers
import Weights

/// A stack of attention blocks over the pixels of a picture, which looks at the prompt's context.
struct Transformer {
  let norm: GroupNorm
  let projectIn: Linear
  let blocks: [TransformerBlock]
  let projectOut: Linear

  /// - Parameter seesPromptAlone: whether no attention looks at the picture itself.
  init(
    _ weights: Weights, _ channels: Int, heads: Int, context: Int, depth: Int, seesPromptAlone: Bool,
    groups: Int
  ) {
    norm = GroupNorm(weights["norm"], channels, groups: groups, epsilon: 1e-6)
    // SD1 stores these as 1x1 convolutions, which are the same numbers.
    projectIn = Linear(weights["proj_in"], channels, channels)
    blocks = (0..<depth).map {
      TransformerBlock(
        weights["transformer_blocks"][$0], channels, heads: heads, context: context,
        seesPromptAlone: seesPromptAlone)
    }
    projectOut = Linear(weights["proj_out"], channels, channels)
  }

  func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    var h = projectIn(norm(x).asSequence)
    for block in blocks { h = block(h, context: context) }
    return projectOut(h).reshaped(x.shape) + x
  }
}

/// Self-attention (or attention to the context in its place), attention to the context, feed-forward; each normalised
/// before and added to its input.
struct TransformerBlock {
  let norm1: LayerNorm
  let attention1: Attention
  let norm2: LayerNorm
  let attention2: Attention
  let norm3: LayerNorm
  let feedForward: GatedFeedForward
  private let seesPromptAlone: Bool

  init(_ weights: Weights, _ channels: Int, heads: Int, context: Int, seesPromptAlone: Bool) {
    self.seesPromptAlone = seesPromptAlone
    norm1 = LayerNorm(weights["norm1"], channels)
    attention1 = Attention(
      weights["attn1"], channels, context: seesPromptAlone ? context : nil, heads: heads)
    norm2 = LayerNorm(weights["norm2"], channels)
    attention2 = Attention(weights["attn2"], channels, context: context, heads: heads)
    norm3 = LayerNorm(weights["norm3"], channels)
    feedForward = GatedFeedForward(weights["ff"], channels)
  }

  func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    var x = x
    x = attention1(norm1(x), context: seesPromptAlone ? context : nil) + x
    x = attention2(norm2(x), context: context) + x
    return feedForward(norm3(x)) + x
  }
}

/// value · GELU(gate), both four times as wide as the input, then back (GEGLU, Shazeer 2020).
struct GatedFeedForward {
  let value: Linear
  let gate: Linear
  let output: Linear

  init(_ weights: Weights, _ channels: Int) {
    let inner = 4 * channels
    let both = Linear(weights["net.0.proj"], channels, 2 * inner)
    value = both.outputs(0..<inner)
    gate = both.outputs(inner..<2 * inner)
    output = Linear(weights["net.2"], inner, channels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let gate = gate(x).activated(.gelu)
    return output(value(x) * gate)
  }
}
