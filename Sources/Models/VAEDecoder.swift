import Graph
import Layers
import Weights

/// The decoding half of the variational autoencoder: latents to a picture (diffusers AutoencoderKL).
package struct VAEDecoder: LatentDecoder {
  package let configuration: VAEConfiguration
  let postQuant: Conv2d?
  let inputConv: Conv2d
  let middle: VAEMiddleBlock
  let up: [VAEUpBlock]
  let output: VAEOutput

  package init(_ weights: Weights, _ configuration: VAEConfiguration) {
    let c = configuration
    self.configuration = c
    let decoder = weights["decoder"]
    postQuant =
      c.usesPostQuant
      ? Conv2d(weights["post_quant_conv"], c.latentChannels, c.latentChannels, kernel: 1) : nil
    inputConv = Conv2d(decoder["conv_in"], c.latentChannels, c.blockChannels[c.blockChannels.count - 1])
    middle = VAEMiddleBlock(decoder["mid_block"], c)
    up = c.blockChannels.indices.map { VAEUpBlock(decoder["up_blocks"][$0], c, index: $0) }
    output = VAEOutput(decoder, c.blockChannels[0], c.pictureChannels, groups: c.normGroups)
  }

  /// Latents `[batch, height, width, latentChannels]`, unscaled, to pictures about in [-1, 1],
  /// `[batch, factor x height, factor x width, 3]`.
  package func callAsFunction(_ latents: Tensor) -> Tensor {
    var x = middle(inputConv(postQuant?(latents) ?? latents))
    for block in up { x = block(x) }
    return output(x)
  }

  package func graph(batch: Int, height: Int, width: Int, pixels: Bool = false) -> Graph {
    let graph = Graph()
    let latents = graph.input(
      "latents", [batch, height, width, configuration.latentChannels], rate: .picture, layout: .channelsFirst)
    graph.output("picture", self(latents), layout: pixels ? .pixels : .asIs)
    return graph
  }
}
