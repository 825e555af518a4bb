import Models

/// How latents look without being decoded: for red, green and blue a linear function of a latent pixel's channels.
/// Colours go from -1 for black to 1 for white; latents are scaled, as samplers have them.
///
/// The functions belong to an autoencoder. They are fitted by least squares to pictures that were averaged over latent
/// pixels (`scripts/preview-factors`; the idea is keturn's, discuss.huggingface.co/t/23204, 2022).
package struct PreviewColours: Sendable, Equatable {
  /// One factor a channel.
  package let red: [Float]
  package let green: [Float]
  package let blue: [Float]
  /// What is added to red, green and blue.
  package let bias: [Float]

  package init(red: [Float], green: [Float], blue: [Float], bias: [Float] = [0, 0, 0]) {
    precondition(
      red.count == green.count && green.count == blue.count && bias.count == 3,
      "\([red, green, blue].map(\.count)) factors and \(bias.count) constants")
    (self.red, self.green, self.blue, self.bias) = (red, green, blue, bias)
  }

  /// Reads a model's own table, as `scripts/preview-factors` writes it.
  /// - Parameter channels: of the model's latents.
  /// - Throws: `ConfigurationError` naming the list that is missing or malformed.
  package init(_ file: ConfigurationFile, channels: Int) throws {
    func numbers(_ field: String, _ count: Int) throws -> [Float] {
      try file.numbers(field, -1000...1000, count: count).map { Float($0) }
    }
    red = try numbers("red", channels)
    green = try numbers("green", channels)
    blue = try numbers("blue", channels)
    bias = try numbers("bias", 3)
  }

  /// The table of a published autoencoder, which is known by its sizes; nil for others. A tiny one of the same
  /// latents is read beside it.
  package static func published(for autoencoder: Autoencoder) -> PreviewColours? {
    [.variational(VAEConfiguration()), .tiny(TinyAutoencoderConfiguration())].contains(autoencoder)
      ? .stableDiffusion1 : nil
  }

  /// The autoencoder of Stable Diffusion 1, which 2 has as well. The figures are ComfyUI's
  /// (`comfy/latent_formats.py`, SD15).
  package static let stableDiffusion1 = PreviewColours(
    red: [0.3512, 0.3250, -0.2829, -0.2120], green: [0.2297, 0.4974, 0.1762, -0.2616],
    blue: [0.3227, 0.2350, 0.2721, -0.7177])

  /// The autoencoder of Stable Diffusion XL. The figures are ComfyUI's (`comfy/latent_formats.py`, SDXL).
  package static let stableDiffusionXL = PreviewColours(
    red: [0.3651, -0.2533, 0.1076, -0.3165], green: [0.4232, -0.0042, 0.1111, -0.2492],
    blue: [0.4341, 0.1068, -0.0362, -0.2188], bias: [0.1084, -0.0175, -0.0011])
}
