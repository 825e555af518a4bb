import Graph
import SystemFiles
import Weights

/// Sizes of a CLIP text encoder.
package struct TextEncoderConfiguration: CLIPLayerConfiguration, Sendable, Equatable {
  package var vocabulary = 49408
  package var width = 768
  package var layers = 12
  package var heads = 12
  package var inner = 3072
  /// Tokens of a sequence.
  package var positions = 77
  package var activation = Activation.quickGelu
  package var normEpsilon: Float = 1e-5

  package init() {}

  /// Reads a transformers CLIPTextModel's `config.json`.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    try file.expect([
      "model_type": ["clip_text_model", "clip"], "text_config": [], "use_attention_mask": [false],
    ])
    (width, heads, inner) = (512, 8, 2048)
    try readLayers(file)
    vocabulary = try file.integer("vocab_size", 1...1_000_000, default: 49408)
    positions = try file.integer("max_position_embeddings", 3...1024, default: 77)
  }
}
