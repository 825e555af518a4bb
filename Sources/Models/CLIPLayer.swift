import Graph
import Layers
import SystemFiles
import Weights

/// What the layers of a CLIP transformer are, of texts and of pictures alike.
protocol CLIPLayerConfiguration {
  var width: Int { get set }
  var layers: Int { get set }
  var heads: Int { get set }
  var inner: Int { get set }
  var activation: Activation { get set }
  var normEpsilon: Float { get set }
}

extension CLIPLayerConfiguration {
  /// Reads the fields of a `config.json`; where it has none, what is there holds.
  mutating func readLayers(_ file: ConfigurationFile) throws {
    try file.expect(["hidden_act": ["quick_gelu", "gelu"]])
    width = try file.integer("hidden_size", 1...16384, default: width)
    layers = try file.integer("num_hidden_layers", 1...256, default: layers)
    heads = try file.integer("num_attention_heads", 1...1024, default: heads)
    inner = try file.integer("intermediate_size", 1...65536, default: inner)
    normEpsilon = Float(try file.number("layer_norm_eps", 0...1, default: 1e-5))
    activation = try file.string("hidden_act") == "gelu" ? .gelu : .quickGelu
    guard width % heads == 0 else {
      throw file.error("num_attention_heads", "\(width) channels do not divide into \(heads) heads")
    }
  }
}

/// A layer of CLIP's transformers: self-attention and two linear layers, each normalised before and added to its input.
struct CLIPLayer {
  let norm1: LayerNorm
  let attention: Attention
  let norm2: LayerNorm
  let expand: Linear
  let contract: Linear
  let activation: Activation

  /// - Parameter causal: whether a token sees those before it alone.
  init(_ weights: Weights, _ c: some CLIPLayerConfiguration, causal: Bool) {
    norm1 = LayerNorm(weights["layer_norm1"], c.width, epsilon: c.normEpsilon)
    attention = Attention(
      weights["self_attn"], c.width, heads: c.heads, bias: true, causal: causal, names: .clip)
    norm2 = LayerNorm(weights["layer_norm2"], c.width, epsilon: c.normEpsilon)
    expand = Linear(weights["mlp.fc1"], c.width, c.inner)
    contract = Linear(weights["mlp.fc2"], c.inner, c.width)
    activation = c.activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = attention(norm1(x)) + x
    return contract(expand(norm2(x)).activated(activation)) + x
  }
}
