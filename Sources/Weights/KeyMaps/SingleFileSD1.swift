extension KeyMap {
  /// Stable Diffusion 1.x in one file, as CompVis' latent-diffusion named it.
  package static let singleFileSD1 = KeyMap(
    name: "single file, SD 1.x",
    recognises: { names in
      let others = ["cond_stage_model.model.", "conditioner.embedders."]
      return names.contains { $0.hasPrefix("model.diffusion_model.input_blocks.") }
        && !names.contains { name in others.contains(where: name.hasPrefix) }
    },
    table: { names in
      let unet = LatentDiffusionUNet(names: names.compactMap { $0.after("model.diffusion_model.") })
      let vaeNames = names.compactMap { $0.after("first_stage_model.") ?? $0.after("vae.") }
      let vae = LatentDiffusionVAE(names: vaeNames)
      var table: [String: String] = [:]
      for name in names where !isIgnored(name) {
        if let rest = name.after("model.diffusion_model.") {
          table[name] = unet.presentName(rest).map { "unet.\($0)" }
        } else if let rest = name.after("first_stage_model.") ?? name.after("vae.") {
          table[name] = vae.presentName(rest).map { "vae.\($0)" }
        } else if let rest = name.after("cond_stage_model.transformer.") {
          // Some merges lack `text_model.`.
          table[name] = "text_encoder.\(rest.after("text_model.") ?? rest)"
        }
      }
      return table
    })
}

extension StringProtocol {
  /// What follows the prefix, if it is there.
  fileprivate func after(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
