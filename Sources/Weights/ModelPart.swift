/// The networks that a model's files hold. The raw value is the folder's name in a diffusers model
/// and the first component of our tensor names: `unet.conv_in.weight`.
package enum ModelPart: String, Sendable, CaseIterable {
  case unet
  case vae
  case textEncoder = "text_encoder"
}
