/// What a denoiser sees of a picture beside noisy latents, as further channels of its input `beside`.
package enum PictureConditioning: Sendable, Equatable {
  /// The mask (1 where the picture is drawn anew), then the latents of the picture without its masked part: Stable
  /// Diffusion's inpainting weights (Rombach et al. 2022), whose first convolution has 9 channels.
  case inpainting
  /// The latents of a picture to edit, not scaled. One prediction sees neither them nor the prompt, one sees them alone
  /// and one both: InstructPix2Pix (Brooks et al. 2023), whose first convolution has 8 channels.
  case editing

  /// Beside so many of latents.
  func channels(latents: Int) -> Int {
    switch self {
    case .inpainting: 1 + latents
    case .editing: latents
    }
  }
}
