import Graph
import Layers
import Weights

/// CLIP's vision transformer with its projection (Radford et al. 2021; transformers CLIPVisionModelWithProjection).
package struct VisionEncoder {
  package let configuration: VisionEncoderConfiguration
  /// The token that stands for the whole picture, a row.
  let wholePicture: Parameter
  let patches: Conv2d
  let positions: Parameter
  let firstNorm: LayerNorm
  let layers: [CLIPLayer]
  let lastNorm: LayerNorm
  let projection: Linear

  package init(_ weights: Weights, _ configuration: VisionEncoderConfiguration) {
    let c = configuration
    self.configuration = c
    let vision = weights["vision_model"]
    wholePicture = vision["embeddings"].parameter("class_embedding", [c.width]).asRow
    patches = Conv2d(
      vision["embeddings.patch_embedding"], 3, c.width, kernel: c.patch, stride: c.patch,
      padding: .init(before: 0, after: 0), bias: false)
    positions = vision["embeddings.position_embedding"].parameter("weight", [c.tokens, c.width])
    // Spelt so in every checkpoint.
    firstNorm = LayerNorm(vision["pre_layrnorm"], c.width, epsilon: c.normEpsilon)
    layers = (0..<c.layers).map { CLIPLayer(vision["encoder.layers"][$0], c, causal: false) }
    lastNorm = LayerNorm(vision["post_layernorm"], c.width, epsilon: c.normEpsilon)
    projection = Linear(weights["visual_projection"], c.width, c.projection, bias: false)
  }

  /// Encodes a prepared picture `[1, side, side, 3]` to `[1, projection]`.
  /// - Parameter places: the numbers from 0 on of all tokens, `[1, tokens]`.
  package func callAsFunction(_ picture: Tensor, places: Tensor) -> Tensor {
    let c = configuration
    let whole = places.channels(0..<1).embedding(table: wholePicture, positions: nil)
    // One after the other in memory, tokens are joined as channels of one row.
    let tokens = whole.reshaped([1, c.width])
      .concat(patches(picture).reshaped([1, c.patches * c.width]))
      .reshaped([1, c.tokens, c.width])
    var x = firstNorm(tokens + places.embedding(table: positions, positions: nil))
    for layer in layers { x = layer(x) }
    return projection(lastNorm(x.reshaped([1, c.tokens * c.width]).channels(0..<c.width)))
  }

  /// Records the encoding of one picture: inputs `picture` and `places`, output `embedding`.
  package func graph() -> Graph {
    let graph = Graph()
    let picture = graph.input(
      "picture", [1, configuration.side, configuration.side, 3], rate: .picture)
    let places = graph.input("places", [1, configuration.tokens], rate: .picture)
    graph.output("embedding", self(picture, places: places))
    return graph
  }
}
