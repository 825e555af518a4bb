import Graph
import Weights

/// A convolution over pictures `[batch, height, width, channels]` with zeros around them.
package struct Conv2d {
  let weight: Weight
  let bias: [Parameter]
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

  /// Owns `weight` `[outputs, inputs, kernel, kernel]` and, unless told otherwise, `bias` `[outputs]`.
  /// - Parameter padding: half the kernel on all sides unless told otherwise.
  package init(
    _ weights: Weights, _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1,
    padding: Padding? = nil, bias: Bool = true
  ) {
    self.init(
      Weight([weights.parameter("weight", [outputs, inputs, kernel, kernel])]),
      bias ? [weights.parameter("bias", [outputs])] : [], kernel: kernel, stride: stride,
      padding: padding ?? Padding(before: kernel / 2, after: kernel / 2))
  }

  private init(_ weight: Weight, _ bias: [Parameter], kernel: Int, stride: Int, padding: Padding) {
    (self.weight, self.bias) = (weight, bias)
    (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
  }

  /// The same with its outputs in another order.
  package func reordered(_ order: [Int]) -> Conv2d {
    func rows(_ parts: [Parameter]) -> [Parameter] {
      parts.first.map { part in order.map { part.slice($0..<$0 + 1) } } ?? []
    }
    return Conv2d(
      Weight(rows(weight.parts)), rows(bias), kernel: kernel, stride: stride, padding: padding)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor {
    func extent(_ input: Int) -> Int { (input + padding.before + padding.after - kernel) / stride + 1 }
    return x.conv2d(
      weight,
      Window(kernel: kernel, stride: stride, padTop: padding.before, padLeft: padding.before),
      height: extent(x.shape[1]), width: extent(x.shape[2]), bias: bias)
  }
}
