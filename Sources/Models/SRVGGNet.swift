import Graph
import Layers
import Weights

/// Real-ESRGAN's compact network for enlarging (SRVGGNetCompact): convolutions at the picture's own size, each followed by
/// a ReLU with a slope for each channel; the last makes all pixels of the result's cells, which are added to the picture as
/// nearest neighbour enlarges it.
package struct SRVGGNet: UpscalingNetwork {
  package let scale: Int
  private let features: Int
  private let layers: [(conv: Conv2d, slopes: Parameter)]
  private let last: Conv2d

  /// The name of a tensor that tells it from other networks.
  package static let firstTensor = "body.0.weight"

  /// - Throws: `InferenceError` if the tensors tell no such network.
  package init(_ weights: Weights) throws {
    let body = weights["body"]
    let shape: ShapeLookup = { weights.shape($0) }
    let first = try required(shape, "body.0.weight", rank: 4)
    let convolutions = count(shape) { "body.\(2 * $0).weight" }
    let outputs = try required(shape, "body.\(2 * convolutions - 2).weight", rank: 4)[0]
    let scale = (1...8).first { 3 * $0 * $0 == outputs }
    guard let scale, first[1] == 3 else {
      throw InferenceError(
        description:
          "the network makes \(outputs) channels of \(first[1]); expected 3 colours for each pixel of a cell of 1 to 8 a side"
      )
    }
    (self.scale, features) = (scale, first[0])
    layers = (0..<convolutions - 1).map { [features] index in
      (
        Conv2d(body[2 * index], index == 0 ? 3 : features, features),
        body[2 * index + 1].parameter("weight", [features])
      )
    }
    // Colours come first in the file, pixels of the cell here.
    let pixels = scale * scale
    last = Conv2d(body[2 * convolutions - 2], features, outputs)
      .reordered((0..<outputs).map { $0 % 3 * pixels + $0 / 3 })
  }

  package var inputCell: Int { 1 }
  package var outputCell: Int { scale }
  package var addsPicture: Bool { true }
  package var keepsValues: Bool { false }
  package var reach: Int { layers.count + 1 }
  package var title: String { "SRVGGNetCompact, \(layers.count + 1) convolutions of \(features) channels" }

  package func graph(height: Int, width: Int) -> Graph {
    let graph = Graph()
    graph.makesPieces = true
    var x = graph.input("picture", [1, height, width, 3], rate: .picture)
    for layer in layers { x = layer.conv(x).activated(.prelu(slopes: layer.slopes)) }
    graph.output("picture", last(x))
    return graph
  }
}
