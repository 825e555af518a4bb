import Graph
import SystemFiles
import Weights

/// Sizes of a tiny autoencoder.
package struct TinyAutoencoderConfiguration: Sendable, Equatable {
  /// To what a decoder limits latents.
  package static let limit: Float = 3

  package var latentChannels = 4
  /// Channels of all levels, of each half.
  package var encoderChannels = 64
  package var decoderChannels = 64
  /// Residual blocks of each level: of the encoder from the full size down, of the decoder up to it.
  package var encoderBlocks = [1, 3, 3, 3]
  package var decoderBlocks = [3, 3, 3, 1]
  /// A latent z is decoded from z / scale, and an encoded e becomes e x scale.
  package var latentScale: Float = 1

  package init() {}

  /// Picture pixels of one latent pixel, a side.
  package var factor: Int { 1 << (decoderBlocks.count - 1) }

  /// Reads a diffusers AutoencoderTiny's `config.json`.
  /// - Throws: `ConfigurationError` naming the field that is malformed or asks for something unsupported.
  package init(_ file: ConfigurationFile) throws {
    try file.expectNotNull(["act_fn", "scaling_factor", "upsample_fn", "upsampling_scaling_factor"])
    // Magnitude and shift of latents serve to store them as pictures alone.
    try file.expect([
      "act_fn": ["relu"], "upsample_fn": ["nearest"], "upsampling_scaling_factor": [2], "in_channels": [3],
      "out_channels": [3],
    ])
    let file = file.filled(with: Self.diffusersDefaults)
    latentChannels = try file.integer("latent_channels", 1...64, default: 4)
    decoderBlocks = try file.integers("num_decoder_blocks", 0...16)
    guard (1...8).contains(decoderBlocks.count) else {
      throw file.error("num_decoder_blocks", "has \(decoderBlocks.count) entries, expected 1...8")
    }
    encoderBlocks = try file.integers("num_encoder_blocks", 0...16, count: decoderBlocks.count)
    encoderChannels = try file.common("encoder_block_out_channels", 1...16384)
    decoderChannels = try file.common("decoder_block_out_channels", 1...16384)
    latentScale = Float(try file.number("scaling_factor", 1e-6...1e6, default: 1))
  }

  private static let diffusersDefaults: [String: JSONValue] = [
    "num_encoder_blocks": [1, 3, 3, 3], "num_decoder_blocks": [3, 3, 3, 1],
    "encoder_block_out_channels": [64, 64, 64, 64], "decoder_block_out_channels": [64, 64, 64, 64],
  ]
}

extension TinyAutoencoderConfiguration {
  /// Reads the sizes from the tensors `vae.…`; where there is no encoder, its sizes are those of `family`.
  package init(inferredFrom shape: ShapeLookup, family: TinyAutoencoderConfiguration) throws {
    self = family
    let first = try required(shape, "vae.\(TinyDecoder.firstTensor)", rank: 4)
    (decoderChannels, latentChannels) = (first[0], first[1])
    // An activation follows the first convolution.
    decoderBlocks = try Self.blocks(shape, of: "vae.decoder.layers", from: 2, pausing: 1)
    guard shape("vae.\(TinyEncoder.firstTensor)") != nil else { return }
    encoderChannels = try required(shape, "vae.\(TinyEncoder.firstTensor)", rank: 4)[0]
    encoderBlocks = try Self.blocks(shape, of: "vae.encoder.layers", from: 1, pausing: 0)
    guard encoderBlocks.count == decoderBlocks.count else {
      throw InferenceError(
        description:
          "vae: \(encoderBlocks.count) levels in the encoder, \(decoderBlocks.count) in the decoder")
    }
  }

  /// Residual blocks of each level of a half, each level ended by a convolution.
  /// - Parameters:
  ///   - first: the number of the first level's first layer.
  ///   - pause: layers without tensors between a level's blocks and its convolution, except at the last.
  private static func blocks(
    _ shape: ShapeLookup, of path: String, from first: Int, pausing pause: Int
  ) throws -> [Int] {
    var (levels, place): ([Int], Int) = ([], first)
    while levels.count < 8 {
      let blocks = count(shape) { "\(path).\(place + $0).conv.0.weight" }
      levels.append(blocks)
      place += blocks
      if shape("\(path).\(place).weight") == nil { place += pause }
      guard shape("\(path).\(place).weight") != nil else { break }
      place += 1
      let goesOn = [0, pause].contains {
        shape("\(path).\(place + $0).conv.0.weight") != nil || shape("\(path).\(place + $0).weight") != nil
      }
      guard goesOn else { return levels }
    }
    throw InferenceError(description: "no convolution \(path).\(place), with which a level ends")
  }
}
