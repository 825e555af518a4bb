import Graph
import Layers
import Weights

/// Two convolutions around which the input is carried; the time embedding is added between them.
struct ResnetBlock {
  let norm1: GroupNorm
  let conv1: Conv2d
  let timeProjection: Linear?
  let norm2: GroupNorm
  let conv2: Conv2d
  let shortcut: Conv2d?
  /// Whether the numbers around its norms may grow beyond what 16 bits hold, as an autoencoder's do.
  private let isWide: Bool

  /// - Parameter time: channels of the time embedding; nil where there is none (the VAE).
  init(_ weights: Weights, _ inputs: Int, _ outputs: Int, time: Int?, groups: Int, epsilon: Float) {
    norm1 = GroupNorm(weights["norm1"], inputs, groups: groups, epsilon: epsilon)
    conv1 = Conv2d(weights["conv1"], inputs, outputs)
    timeProjection = time.map { Linear(weights["time_emb_proj"], $0, outputs) }
    norm2 = GroupNorm(weights["norm2"], outputs, groups: groups, epsilon: epsilon)
    conv2 = Conv2d(weights["conv2"], outputs, outputs)
    isWide = time == nil
    shortcut = inputs == outputs ? nil : Conv2d(weights["conv_shortcut"], inputs, outputs, kernel: 1)
  }

  /// - Parameter time: the activated time embedding `[batch or 1, channels]`.
  func callAsFunction(_ x: Tensor, time: Tensor? = nil) -> Tensor {
    var h = conv1(norm1(x).activated(.silu))
    if let time, let timeProjection { h = h.adding(perChannel: timeProjection(time)) }
    h = conv2(norm2(ranged(h)).activated(.silu))
    return ranged(h + (shortcut.map { ranged($0(x)) } ?? x))
  }

  private func ranged(_ x: Tensor) -> Tensor { isWide ? x.wideRange : x }
}
