import Graph
import Layers
import Weights

/// The deepest level of both halves: two resnets, and attention between them if the model has it.
struct VAEMiddleBlock {
  let first: ResnetBlock
  let attention: PictureAttention?
  let second: ResnetBlock

  init(_ weights: Weights, _ c: VAEConfiguration) {
    let channels = c.blockChannels[c.blockChannels.count - 1]
    first = c.resnet(weights["resnets"][0], channels, channels)
    attention =
      c.usesMiddleAttention
      ? PictureAttention(weights["attentions"][0], channels, groups: c.normGroups) : nil
    second = c.resnet(weights["resnets"][1], channels, channels)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = first(x)
    return second(attention?(x) ?? x)
  }
}

/// One level of the encoder: resnets, then halving, except at the last.
struct VAEDownBlock {
  let resnets: [ResnetBlock]
  let downsample: Downsample?

  /// - Parameter level: 0 is the full size.
  init(_ weights: Weights, _ c: VAEConfiguration, level: Int) {
    let channels = c.blockChannels[level]
    let before = c.blockChannels[max(level - 1, 0)]
    resnets = (0..<c.resnetsPerBlock).map {
      c.resnet(weights["resnets"][$0], $0 == 0 ? before : channels, channels)
    }
    // Zeros below and on the right alone, as in the original autoencoder.
    downsample =
      level == c.blockChannels.count - 1
      ? nil : Downsample(weights["downsamplers.0"], channels, padding: Conv2d.Padding(before: 0, after: 1))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for resnet in resnets { x = resnet(x) }
    return downsample?(x).wideRange ?? x
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
    return upsample?(x).wideRange ?? x
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

  func callAsFunction(_ x: Tensor) -> Tensor {
    (attention(norm(x).asSequence).reshaped(x.shape) + x).wideRange
  }
}

/// The end of both halves: normalised, activated, convolved.
struct VAEOutput {
  let norm: GroupNorm
  let conv: Conv2d

  /// - Parameter weights: of the whole half.
  init(_ weights: Weights, _ inputs: Int, _ outputs: Int, groups: Int) {
    norm = GroupNorm(
      weights["conv_norm_out"], inputs, groups: groups, epsilon: VAEConfiguration.normEpsilon)
    conv = Conv2d(weights["conv_out"], inputs, outputs)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv(norm(x).activated(.silu)) }
}

extension VAEConfiguration {
  fileprivate func resnet(_ weights: Weights, _ inputs: Int, _ outputs: Int) -> ResnetBlock {
    ResnetBlock(
      weights, inputs, outputs, time: nil, groups: normGroups, epsilon: VAEConfiguration.normEpsilon)
  }
}
