import Graph
import SystemFiles
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
  /// On which levels of those both attentions of a block look at the prompt, and none at the picture itself.
  package var promptAloneLevels = [false, false, false, false]
  /// Rows of a table, one of which joins the time embedding: by the noise level of the picture `beside`. Nil for none.
  package var noiseLevels: Int?
  /// Attention heads of each level.
  package var heads = [8, 8, 8, 8]
  package var normGroups = 32
  package var normEpsilon: Float = 1e-5
  /// Latent pixels a side that the model was trained for.
  package var sampleSize = 64
  /// Whether cosines come first in the time embedding, and what shifts its frequencies.
  package var cosinesFirst = true
  package var frequencyShift = 0.0

  package init() {}

  /// Channels that the network sees beside those of latents.
  package var besideChannels: Int { inputChannels - outputChannels }
  var levels: Range<Int> { blockChannels.indices }
  var timeChannels: Int { 4 * blockChannels[0] }

  /// Reads a diffusers UNet2DConditionModel's `config.json`.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    try file.expectNotNull(["flip_sin_to_cos", "mid_block_type", "norm_eps", "norm_num_groups"])
    try file.expect(Self.followed)
    let file = file.filled(with: Self.diffusersDefaults)
    inputChannels = try file.integer("in_channels", 1...64, default: 4)
    outputChannels = try file.integer("out_channels", 1...64, default: 4)
    guard inputChannels >= outputChannels else {
      throw file.error(
        "in_channels", "\(inputChannels): expected \(outputChannels), as out_channels, or more")
    }
    blockChannels = try file.integers("block_out_channels", 1...16384)
    guard (1...8).contains(blockChannels.count) else {
      throw file.error("block_out_channels", "has \(blockChannels.count) entries, expected 1...8")
    }
    resnetsPerBlock = try file.common("layers_per_block", 1...16)
    contextChannels = try file.common("cross_attention_dim", 1...16384)
    // diffusers stores the number of heads under this name.
    heads = try file.integers("attention_head_dim", 1...1024, count: blockChannels.count)
    normGroups = try file.integer("norm_num_groups", 1...1024, default: 32)
    normEpsilon = Float(try file.number("norm_eps", 0...1, default: 1e-5))
    sampleSize = try file.common("sample_size", 1...1024, default: 64)
    if try file.isOlderThan(minor: 9) { sampleSize = max(sampleSize, 64) }
    cosinesFirst = try file.flag("flip_sin_to_cos", default: true)
    frequencyShift = try file.number("freq_shift", 0...Double(blockChannels[0] / 2 - 1), default: 0)
    let time = try file.integer("time_embedding_dim", 1...65536, default: timeChannels)
    guard time == timeChannels else {
      throw file.error("time_embedding_dim", "\(time) is not supported; expected null or \(timeChannels)")
    }
    attentionLevels = try UNetConfiguration.attentionLevels(file, count: blockChannels.count)
    promptAloneLevels = try file.flags("only_cross_attention", count: blockChannels.count)
    noiseLevels =
      file.has("num_class_embeds") ? try file.integer("num_class_embeds", 1...100_000) : nil
    try checkDivisors { file.error("block_out_channels", $0) }
  }

  private static let diffusersDefaults: [String: JSONValue] = [
    "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2, "cross_attention_dim": 1280,
    "attention_head_dim": 8,
    "down_block_types": [
      "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D",
    ],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
  ]

  /// Fields that would make another network of it, with the values that do not. Those that are not here, like `dropout`,
  /// change no picture, or are read above.
  private static let followed: [String: [JSONValue]] = [
    "act_fn": ["silu", "swish"], "addition_embed_type": [],
    // Without a picture of boxes, which nobody gives, gated attention is not asked.
    "attention_type": ["default", "gated", "gated-text-image"],
    "center_input_sample": [false], "class_embed_type": [], "class_embeddings_concat": [false],
    "conv_in_kernel": [3], "conv_out_kernel": [3], "downsample_padding": [1],
    "dual_cross_attention": [false], "encoder_hid_dim": [], "encoder_hid_dim_type": [],
    "mid_block_scale_factor": [1],
    "mid_block_type": ["UNetMidBlock2DCrossAttn"], "num_attention_heads": [],
    "resnet_time_scale_shift": ["default"],
    "reverse_transformer_layers_per_block": [1],
    "time_cond_proj_dim": [], "time_embedding_act_fn": [], "time_embedding_type": ["positional"],
    "timestep_post_act": [], "transformer_layers_per_block": [1],
  ]

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
