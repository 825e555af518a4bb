import Foundation
import Graph
import Testing

@testable import Weights

/// Weights that are multiplied by numbers beside them.
@Suite struct WeightScaleTests {
  private static let stem = "model.diffusion_model.input_blocks.1.1.proj_in"
  private static let name = "unet.down_blocks.0.attentions.0.proj_in.weight"

  private func scaled(
    _ scales: [(String, [Int], [Float])], weight: [Int] = [2, 3], dtype: String = "F8_E4M3"
  ) throws -> Checkpoint {
    // 1, 1.5, -2, 0.5, 448, 0.001953125 in eight bits.
    let codes: [UInt8] = [0x38, 0x3C, 0xC0, 0x30, 0x7E, 0x01]
    var members = [
      "\"\(Self.stem).weight\":{\"dtype\":\"\(dtype)\",\"shape\":\(weight),\"data_offsets\":[0,6]}"
    ]
    var data = codes
    for (name, shape, values) in scales {
      let begin = data.count
      for value in values { withUnsafeBytes(of: value) { data += $0 } }
      members.append(
        "\"\(name)\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(data.count)]}")
    }
    let bytes = file(header: "{\(members.joined(separator: ","))}", data: data)
    return try Checkpoint(ByteSource(name: "memory", bytes: bytes))
  }

  private func read(_ checkpoint: Checkpoint, _ elements: Range<Int> = 0..<6) throws -> [Float] {
    var values = [Float](repeating: 0, count: elements.count)
    try values.withUnsafeMutableBufferPointer {
      try checkpoint.read(Self.name, elements: elements, into: $0)
    }
    return values
  }

  @Test(arguments: ["scale_weight", "weight_scale"])
  func oneScaleForAll(_ suffix: String) throws {
    for shape in [[], [1]] {
      let checkpoint = try scaled([("\(Self.stem).\(suffix)", shape, [0.75]), ("scaled_fp8", [0], [])])
      #expect(try read(checkpoint) == [0.75, 1.125, -1.5, 0.375, 336, 0.00146484375])
      #expect(checkpoint.scaledWeights == 1 && checkpoint.names == [Self.name])
      #expect(checkpoint.unusedNames() == ["\(Self.stem).weight"])
    }
  }

  @Test func oneScaleARow() throws {
    for shape in [[2], [2, 1]] {
      let checkpoint = try scaled([("\(Self.stem).weight_scale", shape, [2, -4])])
      #expect(try read(checkpoint) == [2, 3, -4, -2, -1792, -0.0078125])
      #expect(try read(checkpoint, 1..<5) == [3, -4, -2, -1792])
    }
    let convolution = try scaled(
      [("\(Self.stem).weight_scale", [3, 1, 1, 1], [1, 2, 4])], weight: [3, 2, 1, 1])
    #expect(try read(convolution) == [1, 1.5, -4, 1, 1792, 0.0078125])
    let whole = try scaled([("\(Self.stem).weight_scale", [2, 1], [0.5, 0.25])], dtype: "I8")
    #expect(try read(whole) == [28, 30, -32, 12, 31.5, 0.25])
  }

  @Test func scalesOfProductsMeanNothing() throws {
    let checkpoint = try scaled([
      ("\(Self.stem).scale_weight", [], [1]), ("\(Self.stem).scale_input", [], [9]),
      ("\(Self.stem).input_scale", [], [9]),
    ])
    #expect(try read(checkpoint) == [1, 1.5, -2, 0.5, 448, 0.001953125])
    #expect(checkpoint.names == [Self.name])
  }

  @Test func whatCannotBeAppliedIsRefusedByName() throws {
    func problem(_ scales: [(String, [Int], [Float])]) throws -> String {
      try weightsError { _ = try scaled(scales) }.description
    }
    #expect(
      try problem([("\(Self.stem).weight_scale", [3], [1, 1, 1])]).contains(
        "'\(Self.stem).weight_scale': is a scale of shape [3] for weights of shape [2, 3]"))
    #expect(try problem([("\(Self.stem).weight_scale", [1, 3], [1, 1, 1])]).contains("is a scale of shape"))
    #expect(
      try problem([("\(Self.stem).scale_weight", [], [.nan])]).contains("is a scale that is not finite"))
    #expect(
      try problem([("model.diffusion_model.out.2.scale_weight", [], [1])]).contains(
        "there is no 'unet.conv_out.weight'"))
    #expect(
      try problem([("\(Self.stem).scale_weight", [], [1]), ("\(Self.stem).weight_scale", [], [1])])
        .contains("is a second scale"))
    #expect(try problem([("\(Self.stem).comfy_quant", [1], [7])]).contains("packed otherwise"))
  }

  // MARK: - Tensors that change what others mean

  @Test(arguments: [
    "a.to_q.weight_g", "a.to_q.lora_A.weight", "a.fuser.linear.weight", "position_net.linears.0.weight",
    "a.weight_scale_inv",
  ])
  func strangersWithinANetworkAreRefused(_ name: String) throws {
    let checkpoint = try Checkpoint(
      ByteSource(name: "m", bytes: safetensors([("a.to_q.weight", [1]), (name, [1])])), part: .unet)
    _ = checkpoint[.unet]["a"]["to_q"].parameter("weight", [1])
    let error = try weightsError { try checkpoint.refuseStrangers(in: ["unet."]) }
    #expect(
      error.tensor == name && error.kind == .unsupported && error.reason.contains("changes what the network"))
    try checkpoint.refuseStrangers(in: ["vae."])
  }

  @Test func marksAndFurtherBlocksAreNot() throws {
    let checkpoint = try Checkpoint(
      ByteSource(name: "m", bytes: safetensors([("a.0.weight", [1]), ("a.1.weight", [1]), ("mark", [0])])),
      part: .unet)
    _ = checkpoint[.unet]["a"][0].parameter("weight", [1])
    try checkpoint.refuseStrangers(in: ["unet."])
  }

  @Test func theFirstNumberThatIsNoneIsFound() throws {
    var bytes = safetensors([("a", [3]), ("b", [2])])
    withUnsafeBytes(of: Float.infinity) { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: $0) }
    let checkpoint = try Checkpoint(ByteSource(name: "m", bytes: bytes), part: .unet)
    _ = checkpoint[.unet].parameter("a", [3])
    #expect(try checkpoint.firstNonFinite() == nil)
    _ = checkpoint[.unet].parameter("b", [2])
    let fault = try #require(try checkpoint.firstNonFinite())
    #expect(fault.description.hasPrefix("m: tensor 'b': holds inf at element 1 of [2]"))
  }

  @Test func aCheckpointWithinAnotherNameIsOne() throws {
    let checkpoint = try Checkpoint(
      ByteSource(
        name: "m",
        bytes: safetensors([
          ("state_dict.model.diffusion_model.input_blocks.0.0.bias", [2]), ("state_dict.betas", [1]),
        ])))
    #expect(checkpoint.names == ["unet.conv_in.bias"])
    let whole = try Safetensors(
      ByteSource(
        name: "m",
        bytes: safetensors([
          ("module.model.diffusion_model.input_blocks.0.0.weight", [1, 5, 1, 1]),
          ("module.model.diffusion_model.time_embed.0.weight", [1]), ("module.first_stage_model.x", [1]),
        ])))
    #expect(FileKind.recognise(TensorNames(whole))?.problem.contains("guided by depth") == true)
    #expect(try checkpoint[.unet].parameter("conv_in.bias", [2]).floats() == [0, 1])
  }
}
