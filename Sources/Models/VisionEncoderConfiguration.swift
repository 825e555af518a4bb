import Graph
import SystemFiles

/// Sizes of a CLIP vision encoder with its projection.
package struct VisionEncoderConfiguration: CLIPLayerConfiguration, Sendable, Equatable {
  package var width = 768
  package var layers = 12
  package var heads = 12
  package var inner = 3072
  package var activation = Activation.quickGelu
  package var normEpsilon: Float = 1e-5
  /// Pixels of a side of the pictures that it sees.
  package var side = 224
  /// Pixels of a side of the squares that become tokens.
  package var patch = 32
  /// Numbers of what it makes of a picture.
  package var projection = 512

  /// Reads a transformers CLIPConfig, as the `config.json` of a safety checker is.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    try file.expect(["model_type": ["clip"]])
    projection = try file.integer("projection_dim", 1...16384, default: projection)
    // Where a file has both, transformers takes the first.
    guard let vision = try file.object("vision_config_dict") ?? file.object("vision_config") else {
      throw file.error("vision_config", "is missing; expected the sizes of the vision encoder")
    }
    try vision.expect(["model_type": ["clip_vision_model"], "num_channels": [3]])
    try readLayers(vision)
    side = try vision.common("image_size", 1...4096, default: side)
    patch = try vision.common("patch_size", 1...4096, default: patch)
    guard patch <= side else {
      throw vision.error("patch_size", "\(patch) is more than the image_size, \(side)")
    }
  }

  /// Squares of a picture.
  package var patches: Int { (side / patch) * (side / patch) }
  /// Those, and the token that stands for the whole picture.
  package var tokens: Int { patches + 1 }
}
