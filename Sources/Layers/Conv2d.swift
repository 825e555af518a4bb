import Graph
import Weights

/// A convolution over pictures `[batch, height, width, channels]` with zeros around them.
package struct Conv2d {
  let weight: Parameter
  let bias: Parameter
  let kernel: Int
  let stride: Int
  let padding: Padding

  /// Rows and columns of zeros above and left of a picture, and below and right of it.
  package struct Padding: Sendable {
    let before: Int
    let after: Int

    package init(before: Int, after: Int) {
      self.before = before
      self.after = after
    }
  }

  /// Owns `weight` `[outputs, inputs, kernel, kernel]` and `bias` `[outputs]`.
  /// - Parameter padding: half the kernel on all sides unless told otherwise.
  package init(
    _ weights: Weights, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1,
    padding: Padding? = nil
  ) {
    weight = weights.parameter("weight", [outputs, inputs, kernel, kernel])
    bias = weights.parameter("bias", [outputs])
    self.kernel = kernel
    self.stride = stride
    self.padding = padding ?? Padding(before: kernel / 2, after: kernel / 2)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor {
    func extent(_ input: Int) -> Int { (input + padding.before + padding.after - kernel) / stride + 1 }
    return x.conv2d(
      Weight([weight]),
      Window(kernel: kernel, stride: stride, padTop: padding.before, padLeft: padding.before),
      height: extent(x.shape[1]), width: extent(x.shape[2]), bias: [bias])
  }
}
