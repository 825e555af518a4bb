import Graph
import SystemFiles
import Weights

/// Sizes of a CLIP text encoder.
package struct TextEncoderConfiguration: Sendable, Equatable {
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
      "hidden_act": ["quick_gelu", "gelu"], "model_type": ["clip_text_model", "clip"], "text_config": [],
      "use_attention_mask": [false],
    ])
    vocabulary = try file.integer("vocab_size", 1...1_000_000, default: 49408)
    width = try file.integer("hidden_size", 1...16384, default: 512)
    layers = try file.integer("num_hidden_layers", 1...256, default: 12)
    heads = try file.integer("num_attention_heads", 1...1024, default: 8)
    inner = try file.integer("intermediate_size", 1...65536, default: 2048)
    positions = try file.integer("max_position_embeddings", 3...1024, default: 77)
    normEpsilon = Float(try file.number("layer_norm_eps", 0...1, default: 1e-5))
    activation = try file.string("hidden_act") == "gelu" ? .gelu : .quickGelu
    guard width % heads == 0 else {
      throw file.error("num_attention_heads", "\(width) channels do not divide into \(heads) heads")
    }
  }
}
