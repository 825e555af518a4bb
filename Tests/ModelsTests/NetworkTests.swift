import CPUBackend
import Foundation
import Graph
import Models
import Reference
import TestSupport
import Testing
import Weights

/// Networks against diffusers and transformers, on the CPU and on the reference.
@Suite struct NetworkTests {
  private static let backends: [(name: String, make: @Sendable () throws -> any Backend)] = [
    ("cpu", { try CPUBackend(threads: 2) }), ("reference", { ReferenceBackend() }),
  ]

  /// An autoencoder, its goldens, and what their names begin with.
  private struct Autoencoder {
    let checkpoint: Checkpoint
    let configuration: VAEConfiguration
    let io: Golden
    let prefix: String

    /// - Parameter name: `sd1_tiny`, a whole model with latents of four channels, or `vae_plain_tiny`, which has no
    ///   attention and no convolutions at the latents.
    init(_ name: String) throws {
      let isModel = name == "sd1_tiny"
      let config = isModel ? "sd1_tiny/vae/config.json" : "networks/\(name).json"
      configuration = try VAEConfiguration(configurationFile(config))
      checkpoint =
        try isModel
        ? Checkpoint(ModelFiles(Fixtures.url(name).path))
        : Checkpoint(ByteSource(path: Fixtures.url("networks/\(name).safetensors").path), part: .vae)
      io = try Golden(isModel ? "sd1_tiny.io.safetensors" : "networks/\(name).io.safetensors")
      prefix = isModel ? "vae_" : ""
    }
  }

  @Test(arguments: ["cpu", "reference"], ["sd1_tiny", "vae_plain_tiny"])
  func decoder(backend: String, name: String) throws {
    let vae = try Autoencoder(name)
    let decoder = VAEDecoder(vae.checkpoint[.vae], vae.configuration)
    try vae.checkpoint.verify()
    let (z, shape) = try vae.io.tensor("\(vae.prefix)z")
    let (expected, picture) = try vae.io.tensor("\(vae.prefix)decoded")
    let plan = Plan(decoder.graph(batch: shape[0], height: shape[2], width: shape[3]))
    let program = try make(backend).prepare(plan)
    let result = try program.run(["latents": z], [:], output: "picture", count: expected.count)
    #expect(largestDifference(channelsFirst(result, picture), expected) < 1e-4)
  }

  @Test(arguments: ["cpu", "reference"], ["sd1_tiny", "vae_plain_tiny"])
  func encoder(backend: String, name: String) throws {
    let vae = try Autoencoder(name)
    let encoder = VAEEncoder(vae.checkpoint[.vae], vae.configuration)
    try vae.checkpoint.verify()
    let (image, picture) = try vae.io.tensor("\(vae.prefix)image")
    let (expected, shape) = try vae.io.tensor("\(vae.prefix)mode")
    let plan = Plan(encoder.graph(batch: shape[0], height: shape[2], width: shape[3]))
    let program = try make(backend).prepare(plan)
    let result = try program.run(
      ["picture": channelsLast(image, picture)], [:], output: "moments", count: 2 * expected.count)
    let means = (0..<shape[0]).flatMap { index in
      let count = expected.count / shape[0]
      return result[(2 * index * count)..<((2 * index + 1) * count)]
    }
    #expect(largestDifference(means, expected) < 1e-4)
    if vae.io.has("\(vae.prefix)moments") {
      #expect(largestDifference(result, try vae.io.tensor("\(vae.prefix)moments").0) < 1e-4)
    }
  }

  /// Autoencoders in strips are diffusers', and they are what they are as a whole.
  @Test(arguments: ["cpu", "reference"], ["sd1_tiny", "vae_plain_tiny"])
  func autoencodersInStrips(backend: String, name: String) throws {
    let vae = try Autoencoder(name)
    let (z, shape) = try vae.io.tensor("\(vae.prefix)z")
    let (image, picture) = try vae.io.tensor("\(vae.prefix)image")
    let decoder = VAEDecoder(vae.checkpoint[.vae], vae.configuration)
      .graph(batch: 1, height: shape[2], width: shape[3])
    let encoder = VAEEncoder(vae.checkpoint[.vae], vae.configuration)
      .graph(batch: 1, height: shape[2], width: shape[3])
    let cases = [
      (decoder, ["latents": Array(z[..<(z.count / shape[0])])], "picture", image.count / picture[0]),
      (
        encoder, ["picture": Array(channelsLast(image, picture)[..<(image.count / picture[0])])], "moments",
        2 * z.count / shape[0]
      ),
    ]
    for (graph, inputs, output, count) in cases {
      func run(_ strips: Strips?) throws -> [Float] {
        try make(backend).prepare(Plan(graph, strips: strips)).run(inputs, [:], output: output, count: count)
      }
      let whole = try run(nil)
      let largest = whole.reduce(0) { max($0, abs($1)) }
      let optional = Plan(graph, strips: Strips(count: 2)).optional
      #expect(optional.count >= 10)
      for strips in [Strips(count: 3), Strips(count: 100), Strips(count: 4, recomputed: Set(optional))] {
        #expect(largestDifference(try run(strips), whole) <= 1e-4 * largest)
      }
    }
  }

  /// The tensors of both halves are those of the file, and their sizes can be told from them.
  @Test func autoencoderWithoutAttention() throws {
    let vae = try Autoencoder("vae_plain_tiny")
    _ = VAEEncoder(vae.checkpoint[.vae], vae.configuration)
    #expect(!vae.checkpoint.unusedNames().isEmpty)
    _ = VAEDecoder(vae.checkpoint[.vae], vae.configuration)
    try vae.checkpoint.verify()
    #expect(vae.checkpoint.unusedNames() == [])
    var family = VAEConfiguration()
    (family.normGroups, family.latentScale, family.latentShift) = (4, 0.5, 0.1)
    let inferred = try VAEConfiguration(
      inferredFrom: { vae.checkpoint.tensor($0)?.shape }, family: family)
    #expect(inferred == vae.configuration)
  }

  /// `skip` 0 is the last hidden state; 1 with the final norm is what SD1 uses for clip skip 1, which the
  /// pipelines' goldens cover.
  @Test(arguments: ["cpu", "reference"]) func textEncoder(backend: String) throws {
    let io = try Golden("networks/clip_l_tiny.io.safetensors")
    let checkpoint = try Checkpoint(
      ByteSource(path: Fixtures.url("networks/clip_l_tiny.safetensors").path), part: .textEncoder)
    let (ids, idShape) = try io.tensor("ids")
    let (expected, shape) = try io.tensor("last")
    let file = try configurationFile("networks/clip_l_tiny.json")
    let configuration = try TextEncoderConfiguration(file)
    let encoder = TextEncoder(checkpoint[.textEncoder], configuration)
    try checkpoint.verify()
    let program = try make(backend).prepare(Plan(encoder.graph(batch: idShape[0])))
    let result = try program.run(["ids": ids], [:], output: "context", count: shape.count)
    #expect(largestDifference(result, expected) < 1e-4)
  }

  private func make(_ name: String) throws -> any Backend {
    try #require(Self.backends.first { $0.name == name }).make()
  }
}
