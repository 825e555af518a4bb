import Graph
import Layers
import Weights

/// CLIP's text transformer (Radford et al. 2021; transformers CLIPTextModel).
package struct TextEncoder {
  package let configuration: TextEncoderConfiguration
  let tokens: Parameter
  let positions: Parameter
  let layers: [CLIPLayer]
  let finalNorm: LayerNorm

  package init(_ weights: Weights, _ configuration: TextEncoderConfiguration) {
    let c = configuration
    self.configuration = c
    tokens = weights["embeddings.token_embedding"].parameter("weight", [c.vocabulary, c.width])
    positions = weights["embeddings.position_embedding"].parameter("weight", [c.positions, c.width])
    layers = (0..<c.layers).map { CLIPLayer(weights["encoder.layers"][$0], c, causal: true) }
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
