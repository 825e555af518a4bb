import Graph
import Models
import Weights

/// A network that enlarges pictures and has put itself together from the tensors of a file, as a module.
///
/// The module reads `picture` and makes `picture`, one picture with colours from 0 to 1 whose cells of neighbouring pixels
/// are channels of one place (`Models.UpscalingNetwork`).
package final class UpscalingModel {
  package let checkpoint: Checkpoint
  private let network: any UpscalingNetwork

  /// - Throws: `WeightsError` that names the file and the tensor that does not fit.
  package init(_ source: ByteSource) throws {
    checkpoint = try Checkpoint(upscaler: source)
    let weights = checkpoint.upscaler
    do {
      network = weights.contains(SRVGGNet.firstTensor) ? try SRVGGNet(weights) : try RRDBNet(weights)
    } catch let error as InferenceError {
      throw WeightsError(.unfit, file: source.name, error.description)
    }
    do {
      try checkpoint.verify()
    } catch let error as WeightsError {
      throw WeightsError(
        error.kind, file: error.file, tensor: error.tensor, "the upscaler is not whole; \(error.reason)")
    }
    let unknown = checkpoint.unusedNames()
    guard unknown.isEmpty else {
      throw WeightsError(
        .unsupported, file: source.name, tensor: unknown[0],
        "is no part of \(network.title), and may change what it computes"
          + (unknown.count > 1 ? "; \(unknown.count - 1) others are none either" : ""))
    }
  }

  /// How many times as wide and high the result of one pass is.
  package var scale: Int { network.scale }
  /// Pixels of a side of what is read and made at one place.
  package var inputCell: Int { network.inputCell }
  package var outputCell: Int { network.outputCell }
  /// Whether what is made is to be added to the picture, as nearest neighbour enlarges it.
  package var addsPicture: Bool { network.addsPicture }

  /// How many places around its own a place of the result depends on.
  package var reach: Int { network.reach }
  /// What it is, for people.
  package var title: String { network.title }
  package var parameters: Int {
    checkpoint.names.reduce(0) { $0 + (checkpoint.tensor($1)?.shape.count ?? 0) }
  }

  /// - Parameters:
  ///   - height: of the input in cells, as is `width`.
  package func module(height: Int, width: Int) -> Module {
    Module(
      "upscaler", sizes: [height, width], of: checkpoint, mayWorkInStrips: network.keepsValues
    ) { [network] in network.graph(height: height, width: width) }
  }
}
