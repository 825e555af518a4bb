import Graph
import Layers
import Weights

/// CLIP's text transformer (Radford et al. 2021; transformers CLIPTextModel).
package struct TextEncoder {
  package let configuration: TextEncoderConfiguration
  let tokens: Parameter
  let positions: Parameter
  let layers: [TextEncoderLayer]
  let finalNorm: LayerNorm

  package init(_ weights: Weights, _ configuration: TextEncoderConfiguration) {
    let c = configuration
    self.configuration = c
    tokens = weights["embeddings.token_embedding"].parameter("weight", [c.vocabulary, c.width])
    positions = weights["embeddings.position_embedding"].parameter("weight", [c.positions, c.width])
    layers = (0..<c.layers).map { TextEncoderLayer(weights["encoder.layers"][$0], c) }
    finalNorm = LayerNorm(weights["final_layer_norm"], c.width, epsilon: c.normEpsilon)
  }

  /// Encodes token ids `[batch, positions]` to `[batch, positions, width]`: the output of the last layer but
  /// `skip`, normalised by the final norm (as diffusers does with clip_skip).
  package func callAsFunction(_ ids: Tensor, skip: Int = 0) -> Tensor {
    var x = ids.embedding(table: tokens, positions: positions)
    for layer in layers.dropLast(skip) { x = layer(x) }
    return finalNorm(x)
  }

  /// Records the encoding of `batch` sequences: input `ids`, output `context`.
  package func graph(batch: Int, skip: Int = 0) -> Graph {
    let graph = Graph()
    let ids = graph.input("ids", [batch, configuration.positions], rate: .picture)
    graph.output("context", self(ids, skip: skip))
    return graph
  }
}

struct TextEncoderLayer {
  let norm1: LayerNorm
  let attention: Attention
  let norm2: LayerNorm
  let expand: Linear
  let contract: Linear
  let activation: Activation

  init(_ weights: Weights, _ c: TextEncoderConfiguration) {
    norm1 = LayerNorm(weights["layer_norm1"], c.width, epsilon: c.normEpsilon)
    attention = Attention(
      weights["self_attn"], c.width, heads: c.heads, bias: true, causal: true, names: .clip)
    norm2 = LayerNorm(weights["layer_norm2"], c.width, epsilon: c.normEpsilon)
    expand = Linear(weights["mlp.fc1"], c.width, c.inner)
    contract = Linear(weights["mlp.fc2"], c.inner, c.width)
    activation = c.activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = attention(norm1(x)) + x
    return contract(expand(norm2(x)).activated(activation)) + x
  }
}
