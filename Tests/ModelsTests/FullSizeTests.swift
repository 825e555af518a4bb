import Foundation
import Graph
import Models
import TestSupport
import Testing
import Weights

/// Stable Diffusion 1.5 at full size, by the names and shapes of its tensors alone: a file whose data is a hole.
@Suite struct FullSizeTests {
  private typealias Rows = [(name: String, shape: Shape)]

  /// - Parameter column: where names stand, before their shapes: 2 for those of single files, 0 for those of folders.
  private static func manifest(_ name: String, column: Int) throws -> Rows {
    String(decoding: try Fixtures.data("manifests/\(name).tsv"), as: UTF8.self).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
      .map { line in
        let fields = line.split(separator: "\t")
        let shape = Shape(fields[column + 1].split { !$0.isNumber }.compactMap { Int($0) })
        return (String(fields[column]), shape)
      }
  }

  private static func singleFile() throws -> Rows {
    try ["unet_sd15", "vae_sd1", "te_clip_l"].flatMap { try manifest($0, column: 2) }
  }

  /// A single file with the real header and no numbers.
  private static func checkpoint() throws -> Checkpoint {
    try checkpoint(singleFile()) { try Checkpoint(ModelFiles($0)) }
  }

  private static func checkpoint(_ tensors: Rows, open: (_ path: String) throws -> Checkpoint) throws
    -> Checkpoint
  {
    var at = 0
    let entries = tensors.map { name, shape in
      let end = at + 2 * shape.count
      defer { at = end }
      return #""\#(name)":{"dtype":"F16","shape":\#(shape),"data_offsets":[\#(at),\#(end)]}"#
    }
    let header = Data("{\(entries.joined(separator: ","))}".utf8)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("darkroom-\(UUID()).safetensors")
    var length = UInt64(header.count).littleEndian
    try (Data(bytes: &length, count: 8) + header).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let file = try FileHandle(forWritingTo: path)
    try file.truncate(atOffset: UInt64(8 + header.count + at))
    try file.close()
    return try open(path.path)
  }

  /// A part of a folder.
  private static func part(_ part: ModelPart, _ name: String) throws -> Checkpoint {
    try checkpoint(manifest(name, column: 0)) { try Checkpoint(ByteSource(path: $0), part: part) }
  }

  /// SD-Turbo with a tiny autoencoder.
  @Test func everyTensorOfTurboHasItsPlace() throws {
    var sizes = UNetConfiguration()
    (sizes.contextChannels, sizes.heads) = (1024, [5, 10, 20, 20])
    var textSizes = TextEncoderConfiguration()
    (textSizes.width, textSizes.layers, textSizes.heads, textSizes.inner) = (1024, 23, 16, 4096)
    let (unet, text) = (
      try Self.part(.unet, "unet_sd21"), try Self.part(.textEncoder, "te_openclip_h")
    )
    _ = (UNet(unet[.unet], sizes), TextEncoder(text[.textEncoder], textSizes))
    let tiny = try Self.part(.vae, "taesd")
    let autoencoder = try Autoencoder(inferredFrom: { tiny.tensor($0)?.shape })
    #expect(autoencoder == .tiny(TinyAutoencoderConfiguration()))
    let decoder = autoencoder.decoder(tiny[.vae])
    #expect(autoencoder.encoder(tiny[.vae]) != nil)
    for checkpoint in [unet, text, tiny] {
      try checkpoint.verify()
      #expect(checkpoint.unusedNames() == [])
    }
    // 1 convolution before, 10 blocks of 4, a convolution for each of 4 levels, 3 doublings.
    let plan = Plan(decoder.graph(batch: 1, height: 64, width: 64, pixels: true))
    #expect(plan.nodes.count == 1 + 10 * 4 + 4 + 3)
  }

  @Test func everyTensorHasItsPlace() throws {
    let checkpoint = try Self.checkpoint()
    let shape: ShapeLookup = { checkpoint.tensor($0)?.shape }
    let unet = try UNetConfiguration(inferredFrom: shape, family: UNetConfiguration())
    let text = try TextEncoderConfiguration(inferredFrom: shape, family: TextEncoderConfiguration())
    let vae = try VAEConfiguration(inferredFrom: shape, family: VAEConfiguration())
    #expect(unet == UNetConfiguration())
    #expect(text == TextEncoderConfiguration())
    #expect(vae == VAEConfiguration())
    _ = (
      UNet(checkpoint[.unet], unet), TextEncoder(checkpoint[.textEncoder], text),
      VAEDecoder(checkpoint[.vae], vae), VAEEncoder(checkpoint[.vae], vae)
    )
    try checkpoint.verify()
    #expect(checkpoint.unusedNames() == [])
  }

  /// A lost fusion shows here instead of costing time unseen.
  @Test func nodeCounts() throws {
    let checkpoint = try Self.checkpoint()
    let unet = UNet(checkpoint[.unet], UNetConfiguration())
    let plan = Plan(unet.graph(batch: 2, height: 64, width: 64, tokens: 77))
    // Keys and values of the prompt, once per picture for each of 16 attentions.
    #expect(plan.prologue == 16)
    // 2 for the time, first and last convolution with its norm 3; 22 resnets of 5, 14 of them with a shortcut;
    // 16 transformers of 15; 3 halvings, 3 doublings of 2, 12 joins.
    #expect(plan.nodes.count - plan.prologue == 2 + 3 + 22 * 5 + 14 + 16 * 15 + 3 + 3 * 2 + 12)
    let text = TextEncoder(checkpoint[.textEncoder], TextEncoderConfiguration())
    #expect(Plan(text.graph(batch: 1)).nodes.count == 12 * 7 + 2)
    // 2 convolutions before, 14 resnets of 4, 2 with a shortcut; attention of 4; 3 doublings of 2, 2 at the end.
    let decoder = VAEDecoder(checkpoint[.vae], VAEConfiguration())
    #expect(
      Plan(decoder.graph(batch: 1, height: 64, width: 64)).nodes.count == 2 + 14 * 4 + 2 + 4 + 3 * 2 + 2)
  }

  /// 1 convolution before, 10 resnets of 4, 2 with a shortcut; 3 halvings, attention of 4, 3 at the end.
  @Test func nodeCountOfTheEncoder() throws {
    let encoder = VAEEncoder(try Self.checkpoint()[.vae], VAEConfiguration())
    #expect(
      Plan(encoder.graph(batch: 1, height: 64, width: 64)).nodes.count == 1 + 10 * 4 + 2 + 3 + 4 + 3)
  }

  /// Arena of the decoder at 512x512 and of a guided step.
  @Test func arenasAreBounded() throws {
    let checkpoint = try Self.checkpoint()
    let decoder = VAEDecoder(checkpoint[.vae], VAEConfiguration())
    #expect(Plan(decoder.graph(batch: 1, height: 64, width: 64)).arenaBytes <= 3 << 29)
    let unet = UNet(checkpoint[.unet], UNetConfiguration())
    #expect(Plan(unet.graph(batch: 2, height: 64, width: 64, tokens: 77)).arenaBytes <= 256 << 20)
  }

  /// Some devices allow no more; arenas and weights are then in several allocations, and each value and each weight
  /// in one.
  @Test(arguments: Storage.allCases) func allocationsOf256MiBAreEnough(_ storage: Storage) throws {
    let checkpoint = try Self.checkpoint()
    let decoder = VAEDecoder(checkpoint[.vae], VAEConfiguration())
    let encoder = VAEEncoder(checkpoint[.vae], VAEConfiguration())
    let unet = UNet(checkpoint[.unet], UNetConfiguration())
    let segment = 256 << 20
    for graph in [
      unet.graph(batch: 2, height: 64, width: 64, tokens: 77), decoder.graph(batch: 1, height: 64, width: 64),
      encoder.graph(batch: 1, height: 64, width: 64),
    ] {
      for place in Plan(graph, values: storage, segment: segment).places.compactMap({ $0 }) {
        #expect(place.range.lowerBound / segment == (place.range.upperBound - 1) / segment, "\(place)")
      }
    }
    let weights = try Self.singleFile().map(\.shape.count)
    #expect(weights.max() ?? 0 <= segment / 4)
  }
}
