import Graph
import Layers
import Weights

/// The encoding half of the variational autoencoder: a picture to latents (diffusers AutoencoderKL).
package struct VAEEncoder: LatentEncoder {
  package let configuration: VAEConfiguration
  let inputConv: Conv2d
  let down: [VAEDownBlock]
  let middle: VAEMiddleBlock
  let output: VAEOutput
  let quant: Conv2d?

  /// The name of a tensor that every encoder has: files that only make pictures may lack it.
  package static let firstTensor = "encoder.conv_in.weight"

  package init(_ weights: Weights, _ configuration: VAEConfiguration) {
    let c = configuration
    self.configuration = c
    let encoder = weights["encoder"]
    // Mean and logarithm of the variance of the posterior.
    let moments = 2 * c.latentChannels
    inputConv = Conv2d(encoder["conv_in"], c.pictureChannels, c.blockChannels[0])
    down = c.blockChannels.indices.map { VAEDownBlock(encoder["down_blocks"][$0], c, level: $0) }
    middle = VAEMiddleBlock(encoder["mid_block"], c)
    output = VAEOutput(encoder, c.blockChannels[c.blockChannels.count - 1], moments, groups: c.normGroups)
    quant = c.usesQuant ? Conv2d(weights["quant_conv"], moments, moments, kernel: 1) : nil
  }

  /// Pictures in [-1, 1], `[batch, factor x height, factor x width, 3]`, to the moments of the posterior
  /// `[batch, height, width, 2 x latentChannels]`: means, then logarithms of variances, not scaled yet.
  package func callAsFunction(_ picture: Tensor) -> Tensor {
    var x = inputConv(picture)
    for block in down { x = block(x) }
    x = middle(x)
    x = output(x)
    return quant?(x) ?? x
  }

  package func graph(batch: Int, height: Int, width: Int) -> Graph {
    let graph = Graph()
    let c = configuration
    let picture = graph.input(
      "picture", [batch, c.factor * height, c.factor * width, c.pictureChannels], rate: .picture)
    graph.output("moments", self(picture), layout: .channelsFirst)
    return graph
  }
}
