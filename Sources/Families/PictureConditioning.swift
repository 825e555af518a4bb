import Sampling

/// What a denoiser sees of a picture beside noisy latents, as further channels of its input `beside`.
package enum PictureConditioning: Sendable, Equatable {
  /// The mask (1 where the picture is drawn anew), then the latents of the picture without its masked part: Stable
  /// Diffusion's inpainting weights (Rombach et al. 2022), whose first convolution has 9 channels.
  case inpainting
  /// The latents of a picture to edit, not scaled. One prediction sees neither them nor the prompt, one sees them alone
  /// and one both: InstructPix2Pix (Brooks et al. 2023), whose first convolution has 8 channels.
  case editing
  /// The colours of a picture to enlarge, one of its pixels for each of the latents, with noise of a level that the
  /// network is told as `noise_level`: Stable Diffusion's x4 upscaler, whose first convolution has 7 channels.
  case upscaling(PictureNoise)

  /// What such models are for, after their family's name.
  var purpose: String {
    switch self {
    case .inpainting: " for inpainting"
    case .editing: " for editing pictures (InstructPix2Pix)"
    case .upscaling: ""
    }
  }

  /// Whether it is the picture's latents that are seen.
  package var isEncoded: Bool {
    switch self {
    case .inpainting, .editing: true
    case .upscaling: false
    }
  }
}

/// The noise that hides the details of a picture to enlarge, by levels of a table of its own: the higher, the more is
/// invented.
package struct PictureNoise: Sendable, Equatable {
  /// The share of the picture in the variance.
  private let alphaBars: [Double]

  /// - Parameter mostLevel: of the table's levels the last that is used.
  /// - Throws: `SamplingError.setting` that names the field.
  package init(_ settings: ScheduleSettings, mostLevel: Int) throws {
    alphaBars = Array(try TrainingNoise(settings).alphaBars.prefix(mostLevel + 1))
  }

  package var mostLevel: Int { alphaBars.count - 1 }

  package func level(_ level: Int) -> NoiseLevel {
    let alphaBar = alphaBars[level]
    return NoiseLevel(
      timestep: Double(level), alpha: alphaBar.squareRoot(), sigma: (1 - alphaBar).squareRoot())
  }
}
