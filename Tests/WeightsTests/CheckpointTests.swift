import Foundation
import Graph
import Testing

@testable import Weights

@Suite struct CheckpointTests {
  @Test func walksAndReads() throws {
    let checkpoint = try checkpoint([("a.b.0.weight", [2, 3]), ("a.b.0.bias", [2])], part: .unet)
    let layer = checkpoint[.unet]["a"]["b"][0]
    #expect(layer.path == "unet.a.b.0")
    #expect(layer.shape("weight") == [2, 3])
    #expect(layer.contains("bias") && !layer.contains("gain"))
    let weight = layer.parameter("weight", [2, 3])
    #expect(weight.name == "unet.a.b.0.weight")
    #expect(try weight.floats() == [0, 1, 2, 3, 4, 5])
    #expect(try weight.slice(1..<2).floats() == [3, 4, 5])
    #expect(layer.parameterIfPresent("gain", [2]) == nil)
    #expect(try layer.parameterIfPresent("bias", [2])?.floats() == [0, 1])
    try checkpoint.verify()
    #expect(checkpoint.names == ["unet.a.b.0.bias", "unet.a.b.0.weight"])
  }

  @Test func oneByOneConvolutionsAndLinearsAreTheSame() throws {
    let shapes = [("linear", [4, 2]), ("conv", [4, 2, 1, 1]), ("wide", [4, 2, 3, 3])]
    let checkpoint = try checkpoint(shapes, part: .vae)
    let weights = checkpoint[.vae]
    #expect(try weights.parameter("conv", [4, 2]).slice(1..<2).floats() == [2, 3])
    #expect(try weights.parameter("linear", [4, 2, 1, 1]).floats().count == 8)
    try checkpoint.verify()
    _ = weights.parameter("wide", [4, 2])
    #expect(throws: WeightsError.self) { try checkpoint.verify() }
    for shape: Shape in [[4, 2, 1], [2, 4], [8], [4, 2, 1, 2]] {
      let other = try Checkpoint(ByteSource(name: "x", bytes: safetensors(shapes)), part: .vae)
      _ = other[.vae].parameter("linear", shape)
      #expect(throws: WeightsError.self) { try other.verify() }
    }
  }

  @Test func reportsAllThatDoesNotFitAtOnce() throws {
    let checkpoint = try checkpoint([("x.weight", [2, 3])], part: .unet)
    let weights = checkpoint[.unet]
    _ = weights["x"].parameter("weight", [3, 2])
    let missing = weights.parameter("missing", [7])
    for index in 0..<12 { _ = weights.parameter("m\(index)", [1]) }
    _ = weights.parameter("m0", [1])  // asked for twice, told once
    let error = try weightsError { try checkpoint.verify() }
    #expect(error.kind == .unfit && error.tensor == "unet.x.weight" && error.file == "memory")
    #expect(
      error.reason.hasPrefix(
        "the tensors do not fit the network: 'unet.x.weight' is [2, 3], expected [3, 2]; "
          + "'unet.missing' [7] is missing; 'unet.m0' [1] is missing; "))
    #expect(error.reason.hasSuffix("'unet.m8' [1] is missing; and 3 more"))
    #expect(try weightsError { try checkpoint.verify() } == error)
    #expect(try weightsError { _ = try missing.floats() }.description.contains("'unet.missing': is missing"))
    #expect(throws: WeightsError.self) {
      _ = try Parameter(source: checkpoint, name: "unet.x.weight", shape: [9]).floats()
    }
  }

  @Test func knowsWhatNobodyAskedFor() throws {
    let checkpoint = try checkpoint([
      ("model.diffusion_model.input_blocks.0.0.weight", [1]), ("model.diffusion_model.out.2.bias", [1]),
      ("first_stage_model.encoder.conv_in.bias", [1]), ("model.diffusion_model.strange", [1]),
      ("stranger", [1]),
      ("betas", [1]),
    ])
    #expect(checkpoint.layouts == ["single file, SD 1.x"])
    _ = checkpoint[.unet].parameter("conv_in.weight", [1])
    #expect(
      checkpoint.unusedNames() == [
        "first_stage_model.encoder.conv_in.bias", "model.diffusion_model.out.2.bias",
        "model.diffusion_model.strange",
        "stranger",
      ])
    _ = checkpoint[.unet]["conv_out"].parameter("bias", [2])
    let error = try weightsError { try checkpoint.verify() }
    #expect(error.reason.hasSuffix("expected [2] (stored as 'model.diffusion_model.out.2.bias')"))
  }

  @Test func oneTensorUnderTwoNamesIsRefused() throws {
    let both = [("text_model.final_layer_norm.bias", [1]), ("final_layer_norm.bias", [1])]
    let error = try weightsError { _ = try checkpoint(both, part: .textEncoder) }
    #expect(
      error.kind == .malformed && error.reason.contains("'text_encoder.final_layer_norm.bias', and so is"))
  }

  @Test func unknownLayoutIsNamed() throws {
    let error = try weightsError { _ = try checkpoint([("lora_a", [1]), ("lora_b", [1])]) }
    #expect(error.kind == .unsupported)
    #expect(
      error.reason.contains("lora_a, lora_b") && error.reason.contains("single file, SD 1.x, diffusers"))
  }

  @Test func summarisesParts() throws {
    let checkpoint = try checkpoint([
      ("model.diffusion_model.input_blocks.0.0.weight", [2, 5]), ("vae.decoder.conv_in.bias", [3]),
      ("vae.decoder.conv_in.weight", [4]),
    ])
    let summaries = checkpoint.summaries
    #expect(summaries.map(\.part) == [.unet, .vae])
    #expect(summaries.map(\.tensors) == [1, 2])
    #expect(summaries.map(\.parameters) == [10, 7])
    #expect(summaries.map(\.bytes) == [40, 28])
    #expect(summaries.map(\.dtypes) == [[.float32: 1], [.float32: 2]])
  }
}
