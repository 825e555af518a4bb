import Graph

/// The shape of a checkpoint's tensor, by our name for it; nil if there is none.
package typealias ShapeLookup = (_ name: String) -> Shape?

/// A checkpoint's tensors do not tell the sizes of a network.
package struct InferenceError: Error, CustomStringConvertible, Sendable {
  package let description: String
}

/// Far above any model: keeps hostile files from asking for endless networks.
private let mostBlocks = 64

/// How many of `name(0)`, `name(1)` … exist, from 0 on.
func count(_ shape: ShapeLookup, _ name: (Int) -> String) -> Int {
  (0..<mostBlocks).first { shape(name($0)) == nil } ?? mostBlocks
}

func required(_ shape: ShapeLookup, _ name: String, rank: Int) throws -> Shape {
  guard let found = shape(name) else { throw InferenceError(description: "tensor \(name) is missing") }
  guard found.rank == rank, found.dimensions.allSatisfy({ (1...1_000_000).contains($0) }) else {
    throw InferenceError(description: "tensor \(name) has shape \(found); expected \(rank) positive extents")
  }
  return found
}

extension UNetConfiguration {
  /// Reads the sizes from the tensors `unet.…`; attention heads come from `family`.
  package init(inferredFrom shape: ShapeLookup, family: UNetConfiguration) throws {
    self = family
    let input = try required(shape, "unet.conv_in.weight", rank: 4)
    inputChannels = input[1]
    outputChannels = try required(shape, "unet.conv_out.weight", rank: 4)[0]
    let levels = count(shape) { "unet.down_blocks.\($0).resnets.0.conv1.weight" }
    blockChannels = try (0..<levels).map {
      try required(shape, "unet.down_blocks.\($0).resnets.0.conv1.weight", rank: 4)[0]
    }
    guard !blockChannels.isEmpty else { throw InferenceError(description: "no tensors unet.down_blocks.0…") }
    resnetsPerBlock = count(shape) { "unet.down_blocks.0.resnets.\($0).conv1.weight" }
    attentionLevels = (0..<levels).map { shape("unet.down_blocks.\($0).attentions.0.norm.weight") != nil }
    contextChannels = try required(
      shape, "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", rank: 2)[1]
    promptAloneLevels = Array(repeating: false, count: levels)
    heads = Array(repeating: family.heads[0], count: levels)
    try checkDivisors { InferenceError(description: "unet: \($0)") }
  }
}

extension TextEncoderConfiguration {
  /// Reads the sizes from the tensors `text_encoder.…`; every CLIP has heads of 64 channels.
  package init(inferredFrom shape: ShapeLookup, family: TextEncoderConfiguration) throws {
    self = family
    let table = try required(shape, "text_encoder.embeddings.token_embedding.weight", rank: 2)
    vocabulary = table[0]
    width = table[1]
    positions = try required(shape, "text_encoder.embeddings.position_embedding.weight", rank: 2)[0]
    layers = count(shape) { "text_encoder.encoder.layers.\($0).layer_norm1.weight" }
    inner = try required(shape, "text_encoder.encoder.layers.0.mlp.fc1.weight", rank: 2)[0]
    heads = max(1, width / 64)
    guard width % heads == 0, positions >= 3 else {
      throw InferenceError(description: "text_encoder: \(width) channels do not divide into heads of 64")
    }
  }
}

extension VAEConfiguration {
  /// Reads the sizes from the tensors `vae.…`; the latents' scale comes from `family`.
  package init(inferredFrom shape: ShapeLookup, family: VAEConfiguration) throws {
    self = family
    latentChannels = try required(shape, "vae.decoder.conv_in.weight", rank: 4)[1]
    let levels = count(shape) { "vae.decoder.up_blocks.\($0).resnets.0.conv1.weight" }
    blockChannels = try (0..<levels).reversed().map {
      try required(shape, "vae.decoder.up_blocks.\($0).resnets.0.conv1.weight", rank: 4)[0]
    }
    guard (1...8).contains(levels) else {
      throw InferenceError(description: "vae: \(levels) levels in the decoder, expected 1...8")
    }
    resnetsPerBlock = count(shape) { "vae.decoder.up_blocks.0.resnets.\($0).conv1.weight" } - 1
    // Any of its tensors: if only some are there, the others are missed.
    usesMiddleAttention = ["group_norm", "to_q", "to_k", "to_v", "to_out.0"].contains {
      shape("vae.decoder.mid_block.attentions.0.\($0).weight") != nil
    }
    usesQuant = shape("vae.quant_conv.weight") != nil
    usesPostQuant = shape("vae.post_quant_conv.weight") != nil
    guard blockChannels.allSatisfy({ $0 % normGroups == 0 }) else {
      throw InferenceError(
        description: "vae: \(blockChannels) channels do not divide into \(normGroups) groups")
    }
  }
}
