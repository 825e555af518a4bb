import Graph
import Layers
import Weights

/// Halves a picture: a convolution of stride 2.
struct Downsample {
  let conv: Conv2d

  /// - Parameter padding: a row of zeros on all sides unless told otherwise.
  init(_ weights: Weights, _ channels: Int, padding: Conv2d.Padding? = nil) {
    conv = Conv2d(weights["conv"], channels, channels, stride: 2, padding: padding)
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv(x) }
}

/// Enlarges a picture by nearest neighbour, then convolves.
struct Upsample {
  let conv: Conv2d

  init(_ weights: Weights, _ channels: Int) { conv = Conv2d(weights["conv"], channels, channels) }

  /// To twice the size, or to that of `like`: odd sizes are not twice a whole number.
  func callAsFunction(_ x: Tensor, like: Tensor? = nil) -> Tensor {
    conv(x.upsampled(height: like?.shape[1] ?? 2 * x.shape[1], width: like?.shape[2] ?? 2 * x.shape[2]))
  }
}
