import Graph
import Weights

/// Multi-head attention with its projections, under the names of a family.
package struct Attention {
  /// The names of the four projections.
  package struct Names {
    let query, key, value, output: String

    /// diffusers' networks.
    package static let diffusers = Names(query: "to_q", key: "to_k", value: "to_v", output: "to_out.0")
    /// transformers' CLIP.
    package static let clip = Names(query: "q_proj", key: "k_proj", value: "v_proj", output: "out_proj")
  }

  let query, key, value, output: Linear
  let options: AttentionOptions
  let channels: Int

  /// - Parameters:
  ///   - context: channels of the sequence that keys and values come from; that of the queries by default.
  ///   - bias: whether queries, keys and values have one. The output always has.
  package init(
    _ weights: Weights, _ channels: Int, context: Int? = nil, heads: Int, bias: Bool = false,
    causal: Bool = false, names: Names = .diffusers
  ) {
    query = Linear(weights[names.query], channels, channels, bias: bias)
    key = Linear(weights[names.key], context ?? channels, channels, bias: bias)
    value = Linear(weights[names.value], context ?? channels, channels, bias: bias)
    output = Linear(weights[names.output], channels, channels)
    options = AttentionOptions(
      heads: heads, scale: 1 / Float(channels / heads).squareRoot(), causal: causal)
    self.channels = channels
  }

  /// Self-attention of `x` `[batch, tokens, channels]`, or attention from `x` to `context`.
  package func callAsFunction(_ x: Tensor, context: Tensor? = nil) -> Tensor {
    guard let context else {
      let all = Linear.joined([query, key, value], x)
      return output(
        all.channels(0..<channels).attention(
          keys: all.channels(channels..<2 * channels), values: all.channels(2 * channels..<3 * channels),
          options))
    }
    let both = Linear.joined([key, value], context)
    return output(
      query(x).attention(
        keys: both.channels(0..<channels), values: both.channels(channels..<2 * channels), options))
  }
}
