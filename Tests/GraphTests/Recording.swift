import Graph

/// A source whose numbers nobody may read: graphs are recorded, fused and planned by shapes alone.
final class NoNumbers: WeightSource {
  struct Unreadable: Error {}

  static let source = NoNumbers()

  func read(_ name: String, elements: Range<Int>, into destination: UnsafeMutableBufferPointer<Float>) throws
  {
    throw Unreadable()
  }
}

func parameter(_ name: String = "weight", _ dimensions: Int...) -> Parameter {
  Parameter(source: NoNumbers.source, name: name, shape: Shape(dimensions))
}

extension Tensor {
  func linear(to outputs: Int) -> Tensor {
    linear(Weight([parameter("linear", outputs, shape.channels)]), bias: [parameter("bias", outputs)])
  }

  /// A 3x3 convolution that keeps height and width.
  func conv2d(to outputs: Int) -> Tensor {
    conv2d(
      Weight([parameter("conv", outputs, shape.channels, 3, 3)]),
      Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1), height: shape[1], width: shape[2],
      bias: [parameter("bias", outputs)])
  }

  func groupNorm(groups: Int) -> Tensor { groupNorm(groups: groups, affine) }

  func layerNorm() -> Tensor { layerNorm(affine) }

  private var affine: Affine {
    Affine(
      weight: parameter("scale", shape.channels), bias: parameter("shift", shape.channels), epsilon: 1e-5)
  }
}

extension Node {
  /// The op's name without its arguments.
  var name: String { String(String(describing: op).prefix { $0 != "(" }) }
}
