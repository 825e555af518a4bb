import Graph
import Layers
import Weights

/// One level on the way down: resnets, each followed by attention if the level has it, then halving. Every
/// intermediate result is kept as a skip for the way up.
struct DownBlock {
  let resnets: [ResnetBlock]
  let transformers: [Transformer]
  let downsample: Downsample?

  init(_ weights: Weights, _ c: UNetConfiguration, level: Int) {
    let channels = c.blockChannels[level]
    let before = level == 0 ? channels : c.blockChannels[level - 1]
    resnets = (0..<c.resnetsPerBlock).map {
      c.resnet(weights["resnets"][$0], $0 == 0 ? before : channels, channels)
    }
    transformers =
      c.attentionLevels[level]
      ? (0..<c.resnetsPerBlock).map { c.transformer(weights["attentions"][$0], at: level) } : []
    downsample = level == c.levels.upperBound - 1 ? nil : Downsample(weights["downsamplers.0"], channels)
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var x = x
    for (index, resnet) in resnets.enumerated() {
      x = resnet(x, time: time)
      if !transformers.isEmpty { x = transformers[index](x, context: context) }
      skips.append(x)
    }
    if let downsample {
      x = downsample(x)
      skips.append(x)
    }
    return x
  }
}

struct MiddleBlock {
  let first: ResnetBlock
  let transformer: Transformer
  let second: ResnetBlock

  init(_ weights: Weights, _ c: UNetConfiguration) {
    let level = c.levels.upperBound - 1
    let channels = c.blockChannels[level]
    first = c.resnet(weights["resnets"][0], channels, channels)
    // The middle keeps both kinds of attention whatever its level has, as in diffusers.
    transformer = c.transformer(weights["attentions"][0], level: level, seesPromptAlone: false)
    second = c.resnet(weights["resnets"][1], channels, channels)
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor) -> Tensor {
    second(transformer(first(x, time: time), context: context), time: time)
  }
}

/// One level on the way up: each resnet sees the last skip beside its input.
struct UpBlock {
  let resnets: [ResnetBlock]
  let transformers: [Transformer]
  let upsample: Upsample?

  /// - Parameter index: 0 is the deepest level.
  init(_ weights: Weights, _ c: UNetConfiguration, index: Int) {
    let level = c.levels.upperBound - 1 - index
    let channels = c.blockChannels[level]
    let below = c.blockChannels[min(level + 1, c.levels.upperBound - 1)]
    let above = c.blockChannels[max(level - 1, 0)]
    let last = c.resnetsPerBlock
    resnets = (0...last).map {
      let input = $0 == 0 ? below : channels
      let skip = $0 == last ? above : channels
      return c.resnet(weights["resnets"][$0], input + skip, channels)
    }
    transformers =
      c.attentionLevels[level]
      ? (0...last).map { c.transformer(weights["attentions"][$0], at: level) } : []
    upsample = level == 0 ? nil : Upsample(weights["upsamplers.0"], channels)
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var x = x
    for (index, resnet) in resnets.enumerated() {
      x = resnet(x.concat(skips.removeLast()), time: time)
      if !transformers.isEmpty { x = transformers[index](x, context: context) }
    }
    // Odd sizes are not twice a whole number: the next skip knows the right one.
    return upsample?(x, like: skips.last) ?? x
  }
}

extension UNetConfiguration {
  fileprivate func resnet(_ weights: Weights, _ inputs: Int, _ outputs: Int) -> ResnetBlock {
    ResnetBlock(weights, inputs, outputs, time: timeChannels, groups: normGroups, epsilon: normEpsilon)
  }

  fileprivate func transformer(_ weights: Weights, at level: Int) -> Transformer {
    transformer(weights, level: level, seesPromptAlone: promptAloneLevels[level])
  }

  fileprivate func transformer(_ weights: Weights, level: Int, seesPromptAlone: Bool) -> Transformer {
    Transformer(
      weights, blockChannels[level], heads: heads[level], context: contextChannels, depth: 1,
      seesPromptAlone: seesPromptAlone, groups: normGroups)
  }
}
