import Graph
import Weights

/// Sizes of a UNet.
package struct UNetConfiguration: Sendable, Equatable {
  package var inputChannels = 4
  package var outputChannels = 4
  /// Channels of each level, from the full size down.
  package var blockChannels = [320, 640, 1280, 1280]
  /// Which levels look at the prompt.
  package var attentionLevels = [true, true, true, false]
  package var resnetsPerBlock = 2
  package var contextChannels = 768
  /// Attention heads of each level.
  package var heads = [8, 8, 8, 8]
  package var normGroups = 32
  package var normEpsilon: Float = 1e-5
  /// Latent pixels a side that the model was trained for.
  package var sampleSize = 64

  package init() {}

  var levels: Range<Int> { blockChannels.indices }
  var timeChannels: Int { 4 * blockChannels[0] }

  /// Reads a diffusers UNet2DConditionModel's `config.json`.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    inputChannels = try file.integer("in_channels", 1...64, default: 4)
    outputChannels = try file.integer("out_channels", 1...64, default: 4)
    blockChannels = try file.integers("block_out_channels", 1...16384)
    guard (1...8).contains(blockChannels.count) else {
      throw file.error("block_out_channels", "has \(blockChannels.count) entries, expected 1...8")
    }
    resnetsPerBlock = try file.integer("layers_per_block", 1...16, default: 2)
    contextChannels = try file.integer("cross_attention_dim", 1...16384)
    // diffusers stores the number of heads under this name.
    heads = try file.integers("attention_head_dim", 1...1024, count: blockChannels.count)
    normGroups = try file.integer("norm_num_groups", 1...1024, default: 32)
    normEpsilon = Float(try file.number("norm_eps", 0...1, default: 1e-5))
    sampleSize = try file.integer("sample_size", 1...1024, default: 64)
    attentionLevels = try UNetConfiguration.attentionLevels(file, count: blockChannels.count)
    try checkDivisors { file.error("block_out_channels", $0) }
    try UNetConfiguration.checkSupport(file)
  }

  private static func attentionLevels(_ file: ConfigurationFile, count: Int) throws -> [Bool] {
    let known = ["CrossAttnDownBlock2D": true, "DownBlock2D": false]
    guard let types = try file.strings("down_block_types") else {
      return (0..<count).map { $0 < count - 1 }
    }
    let levels = try types.map { type in
      guard let attention = known[type] else {
        throw file.error("down_block_types", "\"\(type)\" is not supported; expected \(known.keys.sorted())")
      }
      return attention
    }
    guard levels.count == count else {
      throw file.error("down_block_types", "has \(levels.count) entries, expected \(count)")
    }
    let up = try file.strings("up_block_types") ?? []
    let expected = levels.reversed().map { $0 ? "CrossAttnUpBlock2D" : "UpBlock2D" }
    guard up.isEmpty || up == expected else {
      throw file.error("up_block_types", "expected \(expected), the mirror image of down_block_types")
    }
    return levels
  }

  private static func checkSupport(_ file: ConfigurationFile) throws {
    try file.expect("act_fn", ["silu", "swish"])
    try file.expect("time_embedding_type", ["positional"])
    try file.expect("resnet_time_scale_shift", ["default"])
    try file.expect("mid_block_type", ["UNetMidBlock2DCrossAttn"])
    try file.expectUnset([
      "class_embed_type", "addition_embed_type", "encoder_hid_dim", "only_cross_attention",
      "dual_cross_attention", "num_attention_heads", "num_class_embeds", "timestep_post_act",
      "time_cond_proj_dim", "center_input_sample",
    ])
    if file.has("transformer_layers_per_block"),
      try file.integers("transformer_layers_per_block", 1...64, count: 1) != [1]
    {
      throw file.error("transformer_layers_per_block", "only 1 is supported")
    }
    guard try file.flag("flip_sin_to_cos", default: true),
      try file.integer("freq_shift", 0...1, default: 0) == 0
    else { throw file.error("flip_sin_to_cos", "expected true, with freq_shift 0") }
    guard try file.integer("downsample_padding", 0...1, default: 1) == 1 else {
      throw file.error("downsample_padding", "expected 1")
    }
  }

  /// Reports channels that cannot be split into the groups or heads asked for.
  func checkDivisors(_ error: (String) -> any Error) throws {
    for (level, channels) in blockChannels.enumerated() {
      guard channels % normGroups == 0 else {
        throw error("\(channels) channels do not divide into \(normGroups) groups")
      }
      guard channels % heads[level] == 0 else {
        throw error("\(channels) channels do not divide into \(heads[level]) attention heads")
      }
    }
    guard blockChannels[0] % 2 == 0 else {
      throw error("\(blockChannels[0]) channels: expected an even number")
    }
  }
}
