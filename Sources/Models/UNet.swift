import Glibc
import Graph
import Layers
import Weights

/// The denoising network of Stable Diffusion 1 and 2 (Rombach et al. 2022; diffusers UNet2DConditionModel).
package struct UNet {
  package let configuration: UNetConfiguration
  let inputConv: Conv2d
  let time1: Linear
  let time2: Linear
  /// Rows that join the time embedding.
  let noiseLevels: Parameter?
  let down: [DownBlock]
  let middle: MiddleBlock
  let up: [UpBlock]
  let outputNorm: GroupNorm
  let outputConv: Conv2d

  package init(_ weights: Weights, _ configuration: UNetConfiguration) {
    let c = configuration
    self.configuration = c
    let channels = c.blockChannels
    let first = channels[0]
    inputConv = Conv2d(weights["conv_in"], c.inputChannels, first)
    time1 = Linear(weights["time_embedding.linear_1"], first, c.timeChannels)
    time2 = Linear(weights["time_embedding.linear_2"], c.timeChannels, c.timeChannels)
    noiseLevels = c.noiseLevels.map {
      weights["class_embedding"].parameter("weight", [$0, c.timeChannels])
    }
    down = c.levels.map { DownBlock(weights["down_blocks"][$0], c, level: $0) }
    middle = MiddleBlock(weights["mid_block"], c)
    up = c.levels.map { UpBlock(weights["up_blocks"][$0], c, index: $0) }
    outputNorm = GroupNorm(weights["conv_norm_out"], first, groups: c.normGroups, epsilon: c.normEpsilon)
    outputConv = Conv2d(weights["conv_out"], first, c.outputChannels)
  }

  /// Predicts the noise (or v) in `latents`.
  /// - Parameters:
  ///   - latents: `[batch, height, width, inputChannels]`, scaled for the network.
  ///   - time: sinusoids of the timestep, `[batch or 1, first block's channels]`.
  ///   - context: the prompt, `[batch, tokens, contextChannels]`.
  ///   - noiseLevel: of the picture that the network sees beside latents, a row of its table, `[batch or 1, 1]`.
  package func callAsFunction(_ latents: Tensor, time: Tensor, context: Tensor, noiseLevel: Tensor? = nil)
    -> Tensor
  {
    var time = time2(time1(time).activated(.silu))
    if let noiseLevels, let noiseLevel {
      time = time + noiseLevel.embedding(table: noiseLevels, positions: nil).reshaped(time.shape)
    }
    // Every block activates the embedding first, so it is done once here.
    time = time.activated(.silu)
    var x = inputConv(latents)
    var skips = [x]
    for block in down { x = block(x, time: time, context: context, skips: &skips) }
    x = middle(x, time: time, context: context)
    for block in up { x = block(x, time: time, context: context, skips: &skips) }
    return outputConv(outputNorm(x).activated(.silu))
  }

  /// Records one forward pass for `batch` latents of `height` x `width`. Inputs: `latents` and `time` at each
  /// step, `context` per picture, `beside` per picture if the network sees more channels than latents have, and `noise_level`
  /// per picture if it has a table for it; output: `prediction`. Latents and `beside` are channels-first outside.
  /// - Parameter timesteps: 1 if all rows of the batch have one timestep, else `batch`.
  package func graph(batch: Int, height: Int, width: Int, tokens: Int, timesteps: Int = 1) -> Graph {
    let graph = Graph()
    let c = configuration
    func picture(_ name: String, _ channels: Int, rate: Rate) -> Tensor {
      graph.input(name, [batch, height, width, channels], rate: rate, layout: .channelsFirst)
    }
    var latents = picture("latents", c.outputChannels, rate: .step)
    if c.besideChannels > 0 {
      latents = latents.concat(picture("beside", c.besideChannels, rate: .picture))
    }
    let time = graph.input("time", [timesteps, c.blockChannels[0]], rate: .step)
    let context = graph.input("context", [batch, tokens, c.contextChannels], rate: .picture)
    let noiseLevel = noiseLevels.map { _ in graph.input("noise_level", [timesteps, 1], rate: .picture) }
    let prediction = self(latents, time: time, context: context, noiseLevel: noiseLevel)
    graph.output("prediction", prediction, layout: .channelsFirst)
    return graph
  }

  /// Writes the sinusoids of a timestep, usually `[cos | sin]` with frequencies 10000^(-i / half) (diffusers' Timesteps).
  package func writeTime(_ timestep: Double, into values: UnsafeMutableBufferPointer<Float>) {
    let half = values.count / 2
    let (cosines, sines) = configuration.cosinesFirst ? (0, half) : (half, 0)
    let steps = Float(Double(half) - configuration.frequencyShift)
    for i in 0..<half {
      let angle = Float(timestep) * exp(Float(-log(10000.0)) * Float(i) / steps)
      values[cosines + i] = cos(angle)
      values[sines + i] = sin(angle)
    }
  }
}
