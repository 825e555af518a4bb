import Models
import SystemFiles
import Weights

/// Stable Diffusion 1.x: four latent channels, the same number of attention heads on all levels. The network may see a
/// picture beside the latents, to inpaint or to edit it.
extension ModelFamily {
  static let stableDiffusion1: Self = ModelFamily(name: "sd1", title: "Stable Diffusion 1") { contents in
    try contents.require([.unet, .textEncoder, .vae])
    let sizes = try LatentDiffusion.Sizes(contents)
    guard sizes.areStableDiffusion1 else { return .foreign(sizes.networks) }
    try sizes.check(contents)
    var family = LatentDiffusion.Family(
      name: (stableDiffusion1.name, stableDiffusion1.title),
      scheduler: LatentDiffusion.Family.stableDiffusionScheduler)
    // By the first convolution's channels.
    family.pictureConditioning = [8: .editing, 9: .inpainting][sizes.unet.inputChannels]
    if family.pictureConditioning == .editing { family.steps = 100 }
    return .model(try LatentDiffusion(contents, sizes, family))
  }
}

extension LatentDiffusion.Sizes {
  fileprivate var areStableDiffusion1: Bool {
    unet.contextChannels == text.width && [4, 8, 9].contains(unet.inputChannels)
      && unet.outputChannels == 4 && Set(unet.heads).count == 1
  }
}
