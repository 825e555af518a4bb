import Graph

/// A kind of model: what its networks look like, and what cannot be read from its files. A value, not a class:
/// a new family is a new value.
package struct ModelFamily: Sendable {
  /// Short name for programs, and the name that people use.
  package let name: String
  package let title: String
  /// Sizes that a checkpoint's tensors do not tell, for single files without configuration.
  package let unet: UNetConfiguration
  package let textEncoder: TextEncoderConfiguration
  package let vae: VAEConfiguration
  /// What the network predicts, as diffusers names it, where no configuration says so.
  package let prediction: String
  /// How pictures above the size that the model was trained for are made.
  package let secondPass: SecondPassRule
  /// How latents of `vae` look; nil if that is not known.
  package var preview: PreviewColours?
  /// Whether networks of these sizes belong to the family.
  package let recognises: @Sendable (UNetConfiguration, TextEncoderConfiguration) -> Bool

  /// Every family; the first that recognises a model is used.
  package static let all: [ModelFamily] = [.stableDiffusion1]
}
