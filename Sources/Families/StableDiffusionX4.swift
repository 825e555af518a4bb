import Models
import Sampling
import Weights

/// Stable Diffusion's x4 upscaler: draws a picture four times as large as one that the network sees beside the latents,
/// with noise of a level that the request chooses. Its text encoder is OpenCLIP's, as that of Stable Diffusion 2.
extension ModelFamily {
  static let stableDiffusionX4: Self = ModelFamily(name: "sd-x4", title: "Stable Diffusion x4 upscaler") {
    contents in
    try contents.require([.unet, .textEncoder, .vae])
    var sizes = try LatentDiffusion.Sizes(contents)
    guard sizes.areX4 else { return .foreign(sizes.networks) }
    try sizes.checkLatents(contents)
    // Its pipeline takes this one, whatever the file says.
    sizes.autoencoder = sizes.autoencoder.scaled(by: 0.08333)
    let family = LatentDiffusion.Family(
      name: (stableDiffusionX4.name, stableDiffusionX4.title), prediction: .velocity,
      padToken: "!",
      pictureConditioning: .upscaling(try contents.pictureNoise(levels: sizes.unet.noiseLevels ?? 0)),
      steps: 75, guidanceScale: 9)
    return .model(try LatentDiffusion(contents, sizes, family))
  }
}

extension LatentDiffusion.Sizes {
  fileprivate var areX4: Bool {
    unet.contextChannels == text.width
      && unet.inputChannels == unet.outputChannels + autoencoder.pictureChannels
      && unet.outputChannels == 4
  }
}

extension ModelContents {
  /// What a picture to enlarge is hidden by.
  /// - Parameter levels: that the network knows.
  /// - Throws: `FamilyError` if the network does not know all levels.
  fileprivate func pictureNoise(levels: Int) throws -> PictureNoise {
    var settings = ScheduleSettings()
    // The published table (Stability AI's x4-upscaling.yaml).
    (settings.betaStart, settings.betaEnd) = (0.0001, 0.02)
    let table = try noiseTable("low_res_scheduler") ?? settings
    let most =
      try configuration(ModelIndex.file)?
      .integer("max_noise_level", 0...table.trainTimesteps - 1, default: Self.mostNoise) ?? Self.mostNoise
    guard levels > most else {
      throw FamilyError(
        file: path,
        "the UNet knows \(levels) noise levels (num_class_embeds); expected more than max_noise_level, \(most)"
      )
    }
    return try PictureNoise(table, mostLevel: most)
  }

  /// diffusers' pipeline has it where no file says another.
  private static var mostNoise: Int { 350 }
}
