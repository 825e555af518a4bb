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

  @Test(arguments: ["cpu", "reference"]) func decoder(backend: String) throws {
    let io = try Golden("sd1_tiny.io.safetensors")
    let checkpoint = try Checkpoint(ModelFiles(Fixtures.url("sd1_tiny").path))
    let file = try ConfigurationFile(Fixtures.url("sd1_tiny/vae/config.json"))
    let decoder = VAEDecoder(checkpoint[.vae], try VAEConfiguration(file))
    try checkpoint.verify()
    let (z, shape) = try io.tensor("vae_z")
    let (expected, picture) = try io.tensor("vae_decoded")
    let plan = Plan(decoder.graph(batch: shape[0], height: shape[2], width: shape[3]))
    let program = try make(backend).prepare(plan)
    let result = try program.run(["latents": z], [:], output: "picture", count: expected.count)
    #expect(largestDifference(channelsFirst(result, picture), expected) < 1e-4)
  }

  /// `skip` 0 is the last hidden state; 1 with the final norm is what SD1 uses for clip skip 1, which the
  /// pipelines' goldens cover.
  @Test(arguments: ["cpu", "reference"]) func textEncoder(backend: String) throws {
    let io = try Golden("networks/clip_l_tiny.io.safetensors")
    let checkpoint = try Checkpoint(
      ByteSource(path: Fixtures.url("networks/clip_l_tiny.safetensors").path), part: .textEncoder)
    let (ids, idShape) = try io.tensor("ids")
    let (expected, shape) = try io.tensor("last")
    let file = try ConfigurationFile(Fixtures.url("networks/clip_l_tiny.json"))
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

  /// `[batch, height, width, channels]` in torch's order; `shape` is torch's.
  private func channelsFirst(_ values: [Float], _ shape: Shape) -> [Float] {
    let (channels, pixels) = (shape[1], shape[2] * shape[3])
    return (0..<shape.count).map { index in
      let (rest, pixel) = (index / pixels, index % pixels)
      return values[(rest / channels * pixels + pixel) * channels + rest % channels]
    }
  }
}
