/// Names of an autoencoder in latent-diffusion's layout, which counts the decoder's levels from
/// the picture inwards, against the order in which they run.
struct LatentDiffusionVAE {
  private let lastLevel: Int

  init(names: [String]) {
    lastLevel =
      names.compactMap { name -> Int? in
        let words = components(name)
        return words.count > 3 && words[0] == "decoder" && words[1] == "up" ? blockNumber(words[2]) : nil
      }.max() ?? 0
  }

  /// The diffusers name of a tensor, nil if the layout has no such tensor.
  func presentName(_ name: String) -> String? {
    let words = components(name)
    guard words.count >= 2 else { return nil }
    if words[0] == "quant_conv" || words[0] == "post_quant_conv" { return name }
    guard words[0] == "encoder" || words[0] == "decoder", words.count >= 3 else { return nil }
    let half = String(words[0])
    switch words[1] {
    case "conv_in", "conv_out": return name
    case "norm_out": return join("\(half).conv_norm_out", words[2...])
    case "mid": return middleName("\(half).mid_block", words[2...])
    case "down": return levelName("\(half).down_blocks", words, reversed: false)
    case "up": return levelName("\(half).up_blocks", words, reversed: true)
    default: return nil
    }
  }

  private func levelName(_ path: String, _ words: [Substring], reversed: Bool) -> String? {
    guard words.count >= 5, let number = blockNumber(words[2]), number <= lastLevel || !reversed else {
      return nil
    }
    let level = "\(path).\(reversed ? lastLevel - number : number)"
    switch words[3] {
    case "block": return resnetName("\(level).resnets.\(words[4])", words[5...])
    case "downsample": return join("\(level).downsamplers.0", words[4...])
    case "upsample": return join("\(level).upsamplers.0", words[4...])
    default: return nil
    }
  }

  private func middleName(_ path: String, _ words: ArraySlice<Substring>) -> String? {
    switch words.first {
    case "block_1": return resnetName("\(path).resnets.0", words.dropFirst())
    case "block_2": return resnetName("\(path).resnets.1", words.dropFirst())
    case "attn_1":
      guard let word = words.dropFirst().first, let name = Self.attentionNames[word] else { return nil }
      return join("\(path).attentions.0.\(name)", words.dropFirst(2))
    default: return nil
    }
  }

  private func resnetName(_ path: String, _ words: ArraySlice<Substring>) -> String {
    words.first == "nin_shortcut" ? join("\(path).conv_shortcut", words.dropFirst()) : join(path, words)
  }

  private static let attentionNames: [Substring: String] = [
    "norm": "group_norm", "q": "to_q", "k": "to_k", "v": "to_v", "proj_out": "to_out.0",
  ]
}
