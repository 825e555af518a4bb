import Graph
import Layers
import Weights

/// ESRGAN's network for enlarging: blocks in which each convolution sees the results of all before it, at the size of the
/// picture or of its cells, then a doubling by nearest neighbour for each factor of two. (Wang and others, "ESRGAN", 2018;
/// Real-ESRGAN, 2021, puts cells of 2 or 4 pixels a side before it for smaller scales.)
package struct RRDBNet: UpscalingNetwork {
  package let scale: Int
  package let inputCell: Int
  private let features: Int
  private let first: Conv2d
  private let body: [[DenseBlock]]
  private let bodyConv: Conv2d
  private let doublings: [Conv2d]
  private let hr: Conv2d
  private let last: Conv2d

  /// The name of a tensor that tells it from other networks.
  package static let firstTensor = "body.0.rdb1.conv1.weight"

  /// - Throws: `InferenceError` if the tensors tell no such network.
  package init(_ weights: Weights) throws {
    let shape: ShapeLookup = { weights.shape($0) }
    let input = try required(shape, "conv_first.weight", rank: 4)
    let growth = try required(shape, "body.0.rdb1.conv1.weight", rank: 4)[0]
    let blocks = count(shape) { "body.\($0).rdb1.conv1.weight" }
    let doublings = count(shape) { "conv_up\($0 + 1).weight" }
    let cell = [1, 2, 4].first { 3 * $0 * $0 == input[1] }
    guard let cell, 1 << doublings >= cell, doublings <= 4 else {
      throw InferenceError(
        description:
          "the network reads \(input[1]) channels and doubles \(doublings) times; expected 3 channels, 12 or 48 (cells of 2 or 4 pixels a side), and as many doublings at least"
      )
    }
    let features = input[0]
    (scale, inputCell, self.features) = ((1 << doublings) / cell, cell, features)
    first = Conv2d(weights["conv_first"], input[1], features)
    body = (0..<blocks).map { block in
      (1...3).map { DenseBlock(weights["body"][block]["rdb\($0)"], features, growth: growth) }
    }
    bodyConv = Conv2d(weights["conv_body"], features, features)
    self.doublings = (0..<doublings).map { Conv2d(weights["conv_up\($0 + 1)"], features, features) }
    hr = Conv2d(weights["conv_hr"], features, features)
    last = Conv2d(weights["conv_last"], features, 3)
  }

  package var outputCell: Int { 1 }
  package var addsPicture: Bool { false }
  package var keepsValues: Bool { true }

  package var reach: Int {
    // The last two convolutions, and one before each doubling, at whose size every second place counts.
    let tail = doublings.reduce(2) { reach, _ in (reach + 2) / 2 }
    return 1 + DenseBlock.reach * 3 * body.count + 1 + tail
  }

  package var title: String { "RRDBNet, \(body.count) blocks of \(features) channels" }

  package func graph(height: Int, width: Int) -> Graph {
    let graph = Graph()
    graph.makesPieces = true
    let picture = graph.input(
      "picture", [1, height, width, 3 * inputCell * inputCell], rate: .picture)
    let start = first(picture).kept
    var x = start
    for block in body { x = residual(block, x).kept }
    x = (bodyConv(x) + start).kept
    for conv in doublings {
      x = conv(x.upsampled(height: 2 * x.shape[1], width: 2 * x.shape[2])).activated(DenseBlock.activation)
    }
    graph.output("picture", last(hr(x).activated(DenseBlock.activation)))
    return graph
  }

  /// Three dense blocks, and what they change of `x`, a fifth of it.
  private func residual(_ block: [DenseBlock], _ x: Tensor) -> Tensor {
    var y = x
    for dense in block.dropLast() { y = dense.change(of: y).activated(.scaled(by: residualScale)) + y }
    guard let last = block.last else { return x }
    return last.change(of: y).activated(.scaled(by: residualScale * residualScale))
      + y.activated(.scaled(by: residualScale)) + x
  }
}

/// How much of what a block makes is added to what it was given.
private let residualScale: Float = 0.2

/// Five convolutions, each of which sees what the block was given and the results before it.
private struct DenseBlock {
  static let activation = Activation.leakyReLU(slope: 0.2)
  static let reach = 5

  private let convolutions: [Conv2d]

  init(_ weights: Weights, _ features: Int, growth: Int) {
    convolutions = (0..<Self.reach).map { index in
      Conv2d(
        weights["conv\(index + 1)"], features + index * growth, index == Self.reach - 1 ? features : growth)
    }
  }

  /// What is to be added to `x`, before it is scaled.
  func change(of x: Tensor) -> Tensor {
    var seen = x
    for conv in convolutions.dropLast() { seen = seen.concat(conv(seen).activated(Self.activation)) }
    return convolutions[convolutions.count - 1](seen)
  }
}
