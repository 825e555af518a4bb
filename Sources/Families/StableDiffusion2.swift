import Graph
import Models
import Sampling
import Weights

/// Stable Diffusion 2.x, whose text encoder is OpenCLIP's and whose attention heads have one size on all levels; and
/// SD-Turbo, which was distilled from it to draw in one to four steps (Sauer et al. 2023). The network may see a picture
/// beside the latents, to inpaint it.
extension ModelFamily {
  static let stableDiffusion2: Self = ModelFamily(name: "sd2", title: "Stable Diffusion 2") { contents in
    try contents.require([.unet, .textEncoder, .vae])
    let sizes = try LatentDiffusion.Sizes(contents)
    guard sizes.areStableDiffusion2 else { return .foreign(sizes.networks) }
    try sizes.check(contents)
    var family = LatentDiffusion.Family(
      name: (stableDiffusion2.name, stableDiffusion2.title),
      scheduler: LatentDiffusion.Family.stableDiffusionScheduler, padToken: "!")
    family.pictureConditioning = sizes.unet.inputChannels == 9 ? .inpainting : nil
    if try contents.schedule(usual: family.prediction, overridden: family.scheduler).isOfTurbo {
      (family.steps, family.guidanceScale) = (1, 1)
      family.notices = [
        "taken for a model of few steps, such as SD-Turbo, by its scheduler (Euler, trailing, epsilon): 1 step without "
          + "guidance where a request says nothing"
      ]
    }
    return .model(try LatentDiffusion(contents, sizes, family))
  }
}

extension ModelSchedule {
  /// Whether it is what SD-Turbo is published with; Stable Diffusion 2 has PNDM or DDIM with leading steps.
  fileprivate var isOfTurbo: Bool {
    guard case .diffusion(let settings) = noise else { return false }
    return prediction == .epsilon && defaultSampler == Sampler.euler.name && settings.spacing == .trailing
  }
}

extension LatentDiffusion.Sizes {
  fileprivate var areStableDiffusion2: Bool {
    unet.contextChannels == text.width && [4, 9].contains(unet.inputChannels)
      && unet.outputChannels == 4 && Set(unet.heads).count > 1 && text.activation == .gelu
  }
}
