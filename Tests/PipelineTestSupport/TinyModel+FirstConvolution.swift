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
    let path = "\(model)/unet/diffusion_pytorch_model.safetensors"
    let file = try Safetensors(path: path)
    try FileManager.default.removeItem(atPath: path)
    let replaced = "conv_in.weight"
    try SafetensorsWriter.write(
      to: path,
      tensors: file.tensors.map { key, tensor in
        .init(name: key, dtype: .float32, shape: key == replaced ? shape : tensor.shape)
      }
    ) { tensor, sink in
      var values = first
      if tensor.name != replaced, let stored = file.tensors[tensor.name] {
        values = [Float](repeating: 0, count: stored.shape.count)
        try values.withUnsafeMutableBufferPointer {
          try file.read(stored, named: tensor.name, elements: 0..<$0.count, into: $0)
        }
      }
      try values.withUnsafeBytes(sink)
    }
    return model
  }
}
