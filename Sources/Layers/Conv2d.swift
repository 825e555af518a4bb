import Graph
import Weights

/// A convolution over pictures `[batch, height, width, channels]` with zero padding of half the kernel.
package struct Conv2d {
  let weight: Parameter
  let bias: Parameter
  let kernel: Int
  let stride: Int

  /// Owns `weight` `[outputs, inputs, kernel, kernel]` and `bias` `[outputs]`.
  package init(_ weights: Weights, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1) {
    weight = weights.parameter("weight", [outputs, inputs, kernel, kernel])
    bias = weights.parameter("bias", [outputs])
    self.kernel = kernel
    self.stride = stride
  }

  package func callAsFunction(_ x: Tensor) -> Tensor {
    let padding = kernel / 2
    func extent(_ input: Int) -> Int { (input + 2 * padding - kernel) / stride + 1 }
    return x.conv2d(
      Weight([weight]), Window(kernel: kernel, stride: stride, padTop: padding, padLeft: padding),
      height: extent(x.shape[1]), width: extent(x.shape[2]), bias: [bias])
  }
}
