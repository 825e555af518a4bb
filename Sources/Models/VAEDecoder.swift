import Graph
import Layers
import Weights

/// The decoding half of the variational autoencoder: latents to a picture (diffusers AutoencoderKL).
package struct VAEDecoder {
  package let configuration: VAEConfiguration
  let postQuant: Conv2d?
  let inputConv: Conv2d
  let first: ResnetBlock
  let attention: PictureAttention
  let second: ResnetBlock
  let up: [VAEUpBlock]
  let outputNorm: GroupNorm
  let outputConv: Conv2d

  package init(_ weights: Weights, _ configuration: VAEConfiguration) {
    let c = configuration
    self.configuration = c
    let decoder = weights["decoder"]
    let deepest = c.blockChannels[c.blockChannels.count - 1]
    postQuant =
      c.usesPostQuant
      ? Conv2d(weights["post_quant_conv"], c.latentChannels, c.latentChannels, kernel: 1) : nil
    inputConv = Conv2d(decoder["conv_in"], c.latentChannels, deepest)
    first = c.resnet(decoder["mid_block.resnets.0"], deepest, deepest)
    attention = PictureAttention(decoder["mid_block.attentions.0"], deepest, groups: c.normGroups)
    second = c.resnet(decoder["mid_block.resnets.1"], deepest, deepest)
    up = c.blockChannels.indices.map { VAEUpBlock(decoder["up_blocks"][$0], c, index: $0) }
    outputNorm = GroupNorm(
      decoder["conv_norm_out"], c.blockChannels[0], groups: c.normGroups,
      epsilon: VAEConfiguration.normEpsilon)
    outputConv = Conv2d(decoder["conv_out"], c.blockChannels[0], c.pictureChannels)
  }

  /// Latents `[batch, height, width, latentChannels]`, unscaled, to pictures about in [-1, 1],
  /// `[batch, factor x height, factor x width, 3]`.
  package func callAsFunction(_ latents: Tensor) -> Tensor {
    var x = inputConv(postQuant?(latents) ?? latents)
    x = second(attention(first(x)))
    for block in up { x = block(x) }
    return outputConv(outputNorm(x).activated(.silu))
  }

  /// Records the decoding of `batch` latents: input `latents` (channels first), output `picture` (channels
  /// last).
  package func graph(batch: Int, height: Int, width: Int) -> Graph {
    let graph = Graph()
    let latents = graph.input(
      "latents", [batch, height, width, configuration.latentChannels], rate: .picture, layout: .channelsFirst)
    graph.output("picture", self(latents))
    return graph
  }
}

/// One level of the decoder: resnets, then doubling, except at the last.
struct VAEUpBlock {
  let resnets: [ResnetBlock]
  let upsample: Upsample?

  /// - Parameter index: 0 is the deepest level.
  init(_ weights: Weights, _ c: VAEConfiguration, index: Int) {
    let last = c.blockChannels.count - 1
    let channels = c.blockChannels[last - index]
    let before = c.blockChannels[min(last - index + 1, last)]
    resnets = (0...c.resnetsPerBlock).map {
      c.resnet(weights["resnets"][$0], $0 == 0 ? before : channels, channels)
    }
    upsample = index == last ? nil : Upsample(weights["upsamplers.0"], channels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for resnet in resnets { x = resnet(x) }
    return upsample?(x) ?? x
  }
}

/// Attention with one head over all pixels of a picture, added to it.
struct PictureAttention {
  let norm: GroupNorm
  let attention: Attention

  init(_ weights: Weights, _ channels: Int, groups: Int) {
    norm = GroupNorm(weights["group_norm"], channels, groups: groups, epsilon: VAEConfiguration.normEpsilon)
    attention = Attention(weights, channels, heads: 1, bias: true)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { attention(norm(x).asSequence).reshaped(x.shape) + x }
}

extension VAEConfiguration {
  fileprivate func resnet(_ weights: Weights, _ inputs: Int, _ outputs: Int) -> ResnetBlock {
    ResnetBlock(
      weights, inputs, outputs, time: nil, groups: normGroups, epsilon: VAEConfiguration.normEpsilon)
  }
}
