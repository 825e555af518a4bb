import Foundation
import Graph
import TestSupport
import Weights

extension TinyModel {
  /// A model with the fixture's weights but those of the denoiser's first convolution, which sees a picture beside the
  /// latents.
  /// - Parameter name: of the golden's, `unet_conv_in_` …
  /// - Returns: its folder.
  package static func seeingPictures(
    into parent: borrowing TemporaryFolder, _ name: String
  ) throws -> String {
    let (first, shape) = try Golden("sd1_tiny.io.safetensors").tensor("unet_conv_in_\(name)")
    let configuration = String(decoding: try Fixtures.data("sd1_tiny/unet/config.json"), as: UTF8.self)
    let model = try copy(
      into: parent,
      files: [
        "unet/config.json": configuration.replacingOccurrences(
          of: #""in_channels": 4"#, with: #""in_channels": \#(shape[1])"#)
      ])
    try rewrite("\(model)/unet/diffusion_pytorch_model.safetensors") {
      $0 == "conv_in.weight" ? .replaced(first, shape) : .kept
    }
    return model
  }

  package enum TensorChange {
    case kept, dropped
    case replaced([Float], Shape)
  }

  /// Writes a file of tensors anew, in float32 and in the place of a link to it.
  package static func rewrite(_ path: String, _ change: (_ tensor: String) -> TensorChange) throws {
    let file = try Safetensors(path: path)
    try FileManager.default.removeItem(atPath: path)
    var tensors: [SafetensorsWriter.WrittenTensor] = []
    for (name, tensor) in file.tensors {
      switch change(name) {
      case .kept: tensors.append(.init(name: name, dtype: .float32, shape: tensor.shape))
      case .dropped: break
      case .replaced(_, let shape): tensors.append(.init(name: name, dtype: .float32, shape: shape))
      }
    }
    try SafetensorsWriter.write(to: path, tensors: tensors) { tensor, sink in
      var values = [Float](repeating: 0, count: tensor.shape.count)
      if case .replaced(let others, _) = change(tensor.name) {
        values = others
      } else if let stored = file.tensors[tensor.name] {
        try values.withUnsafeMutableBufferPointer {
          try file.read(stored, named: tensor.name, elements: 0..<$0.count, into: $0)
        }
      }
      try values.withUnsafeBytes(sink)
    }
  }
}
