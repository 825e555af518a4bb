import Graph
import Layers
import Weights

/// The decoding half of a tiny autoencoder: latents to a picture (TAESD, Ollin Boer Bohan 2023; diffusers
/// AutoencoderTiny). It imitates the decoder of a variational autoencoder with a thirtieth of its operations.
package struct TinyDecoder: LatentDecoder {
  private let latentChannels: Int
  private let inputConv: Conv2d
  private let levels: [TinyLevel]

  /// The name of a tensor that tells it from other decoders.
  package static let firstTensor = "decoder.layers.0.weight"

  package init(_ weights: Weights, _ configuration: TinyAutoencoderConfiguration) {
    let layers = weights["decoder.layers"]
    let channels = configuration.decoderChannels
    latentChannels = configuration.latentChannels
    inputConv = Conv2d(layers[0], latentChannels, channels)
    // Activations and enlargements have numbers too.
    var place = 2
    levels = configuration.decoderBlocks.enumerated().map { level, count in
      let isLast = level == configuration.decoderBlocks.count - 1
      let blocks = (0..<count).map { TinyBlock(layers[place + $0], channels) }
      let conv = place + count + (isLast ? 0 : 1)
      place = conv + 1
      return TinyLevel(
        blocks: blocks, conv: Conv2d(layers[conv], channels, isLast ? 3 : channels, bias: isLast))
    }
  }

  /// Latents `[batch, height, width, latentChannels]`, limited, to pictures about in [0, 1],
  /// `[batch, factor x height, factor x width, 3]`.
  package func callAsFunction(_ latents: Tensor) -> Tensor {
    var x = inputConv(latents).activated(.relu)
    for level in levels.dropLast() {
      for block in level.blocks { x = block(x) }
      x = level.conv(x.upsampled(height: 2 * x.shape[1], width: 2 * x.shape[2]))
    }
    for level in levels.suffix(1) {
      for block in level.blocks { x = block(x) }
      x = level.conv(x)
    }
    return x
  }

  /// Devices round pictures from -1 to 1 alone, so that this one is read as numbers.
  package func graph(batch: Int, height: Int, width: Int, pixels: Bool) -> Graph {
    let graph = Graph()
    let latents = graph.input(
      "latents", [batch, height, width, latentChannels], rate: .picture, layout: .channelsFirst)
    graph.output("picture", self(latents))
    return graph
  }
}

/// The encoding half of a tiny autoencoder: a picture to latents without a distribution.
package struct TinyEncoder: LatentEncoder {
  private let factor: Int
  private let inputConv: Conv2d
  private let levels: [TinyLevel]

  /// The name of a tensor that every such encoder has.
  package static let firstTensor = "encoder.layers.0.weight"

  package init(_ weights: Weights, _ configuration: TinyAutoencoderConfiguration) {
    let layers = weights["encoder.layers"]
    let channels = configuration.encoderChannels
    factor = configuration.factor
    inputConv = Conv2d(layers[0], 3, channels)
    var place = 1
    levels = configuration.encoderBlocks.enumerated().map { level, count in
      let isLast = level == configuration.encoderBlocks.count - 1
      let blocks = (0..<count).map { TinyBlock(layers[place + $0], channels) }
      defer { place += count + 1 }
      return TinyLevel(
        blocks: blocks,
        conv: Conv2d(
          layers[place + count], channels, isLast ? configuration.latentChannels : channels,
          stride: isLast ? 1 : 2, bias: isLast))
    }
  }

  /// Pictures in [0, 1], `[batch, factor x height, factor x width, 3]`, to latents
  /// `[batch, height, width, latentChannels]`, not scaled yet.
  package func callAsFunction(_ picture: Tensor) -> Tensor {
    var x = inputConv(picture)
    for level in levels {
      for block in level.blocks { x = block(x) }
      x = level.conv(x)
    }
    return x
  }

  package func graph(batch: Int, height: Int, width: Int) -> Graph {
    let graph = Graph()
    let picture = graph.input("picture", [batch, factor * height, factor * width, 3], rate: .picture)
    graph.output("moments", self(picture), layout: .channelsFirst)
    return graph
  }
}

/// Residual blocks, and the convolution after them.
private struct TinyLevel {
  let blocks: [TinyBlock]
  let conv: Conv2d
}

/// Three convolutions around which the input is carried.
private struct TinyBlock {
  let convs: [Conv2d]

  init(_ weights: Weights, _ channels: Int) {
    convs = [0, 2, 4].map { Conv2d(weights["conv"][$0], channels, channels) }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    (convs[2](convs[1](convs[0](x).activated(.relu)).activated(.relu)) + x).activated(.relu)
  }
}

extension Activation {
  fileprivate static let relu = Activation.leakyReLU(slope: 0)
}
