import CPUBackend
import Foundation
import Graph
import Models
import Reference
import TestSupport
import Testing
import Weights

/// A tiny autoencoder against diffusers' AutoencoderTiny (scripts/fixtures/models/make_sd2_tiny.py).
@Suite struct TinyAutoencoderTests {
  private let io: Golden
  private let checkpoint: Checkpoint
  private let configuration: TinyAutoencoderConfiguration

  init() throws {
    io = try Golden("sd2_tiny.io.safetensors")
    let path = Fixtures.url("sd2_tiny/taesd/diffusion_pytorch_model.safetensors").path
    checkpoint = try Checkpoint(ByteSource(path: path), part: .vae)
    configuration = try TinyAutoencoderConfiguration(configurationFile("sd2_tiny/taesd/config.json"))
  }

  private static func backend(_ name: String) throws -> any Backend {
    name == "cpu" ? try CPUBackend(threads: 2) : ReferenceBackend()
  }

  /// diffusers limits latents in its decoder, and makes pictures from -1 to 1.
  @Test(arguments: ["cpu", "reference"]) func decoder(backend: String) throws {
    let decoder = TinyDecoder(checkpoint[.vae], configuration)
    try checkpoint.verify()
    let (z, shape) = try io.tensor("taesd_z")
    let (expected, picture) = try io.tensor("taesd_decoded")
    let plan = Plan(decoder.graph(batch: shape[0], height: shape[2], width: shape[3], pixels: true))
    let program = try Self.backend(backend).prepare(plan)
    let result = try program.run(
      ["latents": z.map { 3 * tanh($0 / 3) }], [:], output: "picture", count: expected.count)
    #expect(largestDifference(channelsFirst(result, picture).map { 2 * $0 - 1 }, expected) < 1e-4)
  }

  @Test(arguments: ["cpu", "reference"]) func encoder(backend: String) throws {
    let encoder = TinyEncoder(checkpoint[.vae], configuration)
    try checkpoint.verify()
    let (image, picture) = try io.tensor("taesd_image")
    let (expected, shape) = try io.tensor("taesd_encoded")
    let plan = Plan(encoder.graph(batch: shape[0], height: shape[2], width: shape[3]))
    let result = try Self.backend(backend).prepare(plan).run(
      ["picture": channelsLast(image, picture).map { ($0 + 1) / 2 }], [:], output: "moments",
      count: expected.count)
    #expect(largestDifference(result, expected) < 1e-4)
  }

  @Test func stripsAreTheWhole() throws {
    let (z, shape) = try io.tensor("taesd_z")
    let graph = TinyDecoder(checkpoint[.vae], configuration)
      .graph(batch: 1, height: shape[2], width: shape[3], pixels: true)
    func run(_ strips: Strips?) throws -> [Float] {
      try CPUBackend(threads: 2).prepare(Plan(graph, strips: strips)).run(
        ["latents": Array(z[..<(z.count / 2)])], [:], output: "picture", count: 64 * 3 * z.count / 8)
    }
    let whole = try run(nil)
    for count in [2, 5, 100] {
      #expect(largestDifference(try run(Strips(count: count)), whole) <= 1e-5)
    }
  }

  /// The tensors of both halves are those of the file, and kind and sizes can be told from them.
  @Test func sizesFollowFromTensors() throws {
    let tiny = Autoencoder.tiny(configuration)
    #expect(try Autoencoder(inferredFrom: { checkpoint.tensor($0)?.shape }) == tiny)
    _ = tiny.decoder(checkpoint[.vae])
    #expect(!checkpoint.unusedNames().isEmpty)
    #expect(tiny.encoder(checkpoint[.vae]) != nil)
    try checkpoint.verify()
    #expect(checkpoint.unusedNames() == [])
    #expect(configuration.encoderBlocks == [1, 2, 1, 1] && configuration.decoderBlocks == [2, 1, 1, 1])
    // A decoder alone, and one whose end is missing.
    let alone = try Autoencoder(inferredFrom: {
      $0.hasPrefix("vae.encoder.") ? nil : checkpoint.tensor($0)?.shape
    })
    #expect(alone.factor == 8)
    let short: ShapeLookup = {
      $0 == "vae.decoder.layers.13.weight" ? nil : checkpoint.tensor($0)?.shape
    }
    #expect(throws: InferenceError.self) { try Autoencoder(inferredFrom: short) }
  }

  @Test(arguments: [
    (#"{"act_fn": "gelu"}"#, "act_fn"), (#"{"num_decoder_blocks": []}"#, "num_decoder_blocks"),
    (#"{"num_encoder_blocks": [1, 3]}"#, "num_encoder_blocks"),
    (#"{"scaling_factor": null}"#, "scaling_factor"),
    (#"{"decoder_block_out_channels": [64, 64, 64, 32]}"#, "decoder_block_out_channels"),
    (#"{"upsampling_scaling_factor": 4}"#, "upsampling_scaling_factor"),
    (#"{"out_channels": 4}"#, "out_channels"),
  ])
  func otherSizesAreRefused(text: String, field: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try TinyAutoencoderConfiguration(ConfigurationFile("config.json", [UInt8](text.utf8)))
    }
    #expect(error?.description.hasPrefix("config.json: \(field): ") == true)
    let usual = try TinyAutoencoderConfiguration(ConfigurationFile("config.json", [UInt8]("{}".utf8)))
    #expect(usual == TinyAutoencoderConfiguration())
  }
}
