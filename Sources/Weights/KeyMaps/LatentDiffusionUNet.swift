/// Names of a UNet in latent-diffusion's layout, which numbers resnets and samplers in one row.
/// Where a level ends is seen by its down- or upsampler, so any number of levels and of resnets
/// per level will do.
struct LatentDiffusionUNet {
  private struct Place {
    let level: Int
    let resnet: Int
  }

  private let input: [Int: Place]
  private let output: [Int: Place]

  init(names: [String]) {
    var blocks = (input: Set<Int>(), output: Set<Int>())
    var ends = (input: Set<Int>(), output: Set<Int>())
    for name in names {
      let words = components(name)
      guard words.count > 3, let number = blockNumber(words[1]) else { continue }
      if words[0] == "input_blocks" {
        blocks.input.insert(number)
        if words[3] == "op" { ends.input.insert(number) }
      } else if words[0] == "output_blocks" {
        blocks.output.insert(number)
        if words[2] != "0" && words[3] == "conv" { ends.output.insert(number) }
      }
    }
    // A downsampler has a number of its own; an upsampler shares that of the level's last resnet.
    // Input block 0 is the first convolution.
    input = Self.places(1...max(1, blocks.input.max() ?? 1)) { ends.input.contains($0) }
    output = Self.places(0...max(0, blocks.output.max() ?? 0)) { ends.output.contains($0) }
  }

  private static func places(_ numbers: ClosedRange<Int>, isLast: (Int) -> Bool) -> [Int: Place] {
    var places: [Int: Place] = [:]
    var level = 0
    var resnet = 0
    for number in numbers {
      places[number] = Place(level: level, resnet: resnet)
      resnet += 1
      if isLast(number) {
        level += 1
        resnet = 0
      }
    }
    return places
  }

  /// The diffusers name of a tensor, nil if the layout has no such tensor.
  func presentName(_ name: String) -> String? {
    let words = components(name)
    guard words.count >= 3 else { return nil }
    switch words[0] {
    case "input_blocks": return inputName(words)
    case "output_blocks": return outputName(words)
    case "middle_block": return middleName(words)
    default: return Self.endName(words)
    }
  }

  private func inputName(_ words: [Substring]) -> String? {
    guard let number = blockNumber(words[1]) else { return nil }
    if number == 0 { return words[2] == "0" ? join("conv_in", words[3...]) : nil }
    guard let place = input[number], words.count > 3 else { return nil }
    let block = "down_blocks.\(place.level)"
    switch words[2] {
    case "0" where words[3] == "op": return join("\(block).downsamplers.0.conv", words[4...])
    case "0": return resnetName("\(block).resnets.\(place.resnet)", words[3...])
    case "1": return join("\(block).attentions.\(place.resnet)", words[3...])
    default: return nil
    }
  }

  private func outputName(_ words: [Substring]) -> String? {
    guard let number = blockNumber(words[1]), let place = output[number], words.count > 3 else { return nil }
    let block = "up_blocks.\(place.level)"
    switch words[2] {
    case "0": return resnetName("\(block).resnets.\(place.resnet)", words[3...])
    case "1" where words[3] != "conv": return join("\(block).attentions.\(place.resnet)", words[3...])
    case "1", "2":  // after the attention, where the level has any
      return words[3] == "conv" ? join("\(block).upsamplers.0.conv", words[4...]) : nil
    default: return nil
    }
  }

  private func middleName(_ words: [Substring]) -> String? {
    switch words[1] {
    case "0": resnetName("mid_block.resnets.0", words[2...])
    case "1": join("mid_block.attentions.0", words[2...])
    case "2": resnetName("mid_block.resnets.1", words[2...])
    default: nil
    }
  }

  private func resnetName(_ path: String, _ words: ArraySlice<Substring>) -> String? {
    let inner = words.dropLast().joined(separator: ".")
    guard let name = Self.resnetNames[inner] else { return nil }
    return join("\(path).\(name)", words.suffix(1))
  }

  private static let resnetNames = [
    "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2", "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
  ]

  private static func endName(_ words: [Substring]) -> String? {
    guard let name = endNames[words.dropLast().joined(separator: ".")] else { return nil }
    return join(name, words.suffix(1))
  }

  private static let endNames = [
    "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1", "label_emb.0.2": "add_embedding.linear_2",
    "out.0": "conv_norm_out", "out.2": "conv_out",
  ]
}

func join(_ path: String, _ words: ArraySlice<Substring>) -> String {
  ([Substring(path)] + words).joined(separator: ".")
}
