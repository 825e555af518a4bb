import Graph
import SystemFiles
import Weights

/// Sizes of a variational autoencoder.
package struct VAEConfiguration: Sendable, Equatable {
  static let normEpsilon: Float = 1e-6

  package var latentChannels = 4
  package var pictureChannels = 3
  /// Channels of each level, from the full size down.
  package var blockChannels = [128, 256, 512, 512]
  /// Resnets of a level of the encoder; the decoder has one more.
  package var resnetsPerBlock = 2
  package var normGroups = 32
  /// Whether there is attention between the two resnets of the deepest level, in both halves.
  package var usesMiddleAttention = true
  /// Whether a convolution follows the encoder, and one precedes the decoder.
  package var usesQuant = true
  package var usesPostQuant = true
  /// A latent z is decoded from z / scale + shift, and an encoded e becomes (e - shift) x scale.
  package var latentScale: Float = 0.18215
  package var latentShift: Float = 0

  package init() {}

  /// Picture pixels of one latent pixel, a side.
  package var factor: Int { 1 << (blockChannels.count - 1) }

  /// Reads a diffusers AutoencoderKL's `config.json`.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    try file.expectNotNull([
      "mid_block_add_attention", "norm_num_groups", "scaling_factor", "use_post_quant_conv", "use_quant_conv",
    ])
    try file.expect(["act_fn": ["silu", "swish"]])
    latentChannels = try file.integer("latent_channels", 1...64, default: 4)
    pictureChannels = try file.integer("out_channels", 3...3, default: 3)
    _ = try file.integer("in_channels", 3...3, default: 3)
    blockChannels = try file.integers("block_out_channels", 1...16384)
    guard (1...8).contains(blockChannels.count) else {
      throw file.error("block_out_channels", "has \(blockChannels.count) entries, expected 1...8")
    }
    resnetsPerBlock = try file.integer("layers_per_block", 1...16, default: 1)
    normGroups = try file.integer("norm_num_groups", 1...1024, default: 32)
    usesMiddleAttention = try file.flag("mid_block_add_attention", default: true)
    usesQuant = try file.flag("use_quant_conv", default: true)
    usesPostQuant = try file.flag("use_post_quant_conv", default: true)
    latentScale = Float(try file.number("scaling_factor", 1e-6...1e6, default: 0.18215))
    latentShift = Float(try file.number("shift_factor", -1e6...1e6, default: 0))
    for (field, type) in [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")]
    {
      let types = try file.strings(field)
      guard types == nil || types == Array(repeating: type, count: blockChannels.count) else {
        throw file.error(
          field, "\(file[field]) is not supported; expected \(blockChannels.count) times \(type)")
      }
    }
    if let channels = blockChannels.first(where: { $0 % normGroups != 0 }) {
      throw file.error("block_out_channels", "\(channels) channels do not divide into \(normGroups) groups")
    }
  }
}
