import Graph

extension ModelFamily {
  /// Stable Diffusion 1.x: one CLIP text encoder whose width is the network's context, four latent channels,
  /// the same number of attention heads on all levels.
  package static let stableDiffusion1 = ModelFamily(
    name: "sd1", title: "Stable Diffusion 1", unet: UNetConfiguration(),
    textEncoder: TextEncoderConfiguration(), vae: VAEConfiguration(), prediction: "epsilon",
    secondPass: SecondPassRule(), preview: .stableDiffusion1,
    recognises: { unet, text in
      unet.contextChannels == text.width && unet.inputChannels == 4 && unet.outputChannels == 4
        && text.activation == .quickGelu && Set(unet.heads).count == 1
    })
}
