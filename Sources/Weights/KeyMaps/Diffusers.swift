extension KeyMap {
  /// The files of a diffusers folder, one part each. Which part a lone file is shows in its names.
  package static let diffusers = KeyMap(
    name: "diffusers",
    recognises: { part(of: $0) != nil },
    table: { names in part(of: names).map { diffusers($0).table(names) } ?? [:] })

  /// A file that is known to hold this part.
  package static func diffusers(_ part: ModelPart) -> KeyMap {
    KeyMap(
      name: "diffusers",
      recognises: { _ in true },
      table: { names in
        var table: [String: String] = [:]
        for name in names where !isIgnored(name) {
          table[name] = "\(part.rawValue).\(presentName(name, part))"
        }
        return table
      })
  }

  private static func part(of names: [String]) -> ModelPart? {
    let names = Set(names)
    if names.contains("time_embedding.linear_1.weight") { return .unet }
    if names.contains("decoder.conv_in.weight") && names.contains("decoder.conv_norm_out.weight") {
      return .vae
    }
    let embedding = "embeddings.token_embedding.weight"
    if names.contains(embedding) || names.contains("text_model." + embedding) { return .textEncoder }
    return nil
  }

  /// Today's name of a tensor that older releases of diffusers or transformers wrote.
  private static func presentName(_ name: String, _ part: ModelPart) -> String {
    switch part.naming {
    case .diffusersNetwork: return name
    case .textEncoder: return name.hasPrefix("text_model.") ? String(name.dropFirst(11)) : name
    case .safetyChecker:
      // transformers wraps the network once more, up to its version 4.
      return name.hasPrefix("vision_model.vision_model.") ? String(name.dropFirst(13)) : name
    case .autoencoder:
      var words = components(name)
      guard words.count >= 4, words[words.count - 4] == "attentions",
        let projection = oldAttentionNames[words[words.count - 2]]
      else { return name }
      words[words.count - 2] = projection
      return words.joined(separator: ".")
    }
  }

  private static let oldAttentionNames: [Substring: Substring] = [
    "query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0",
  ]
}
