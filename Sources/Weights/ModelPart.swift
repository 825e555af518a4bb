/// The networks that a model's files may hold. The raw value is the folder's name in a diffusers model and the first
/// component of our tensor names: `unet.conv_in.weight`.
package enum ModelPart: String, Sendable, CaseIterable {
  case unet
  case transformer
  case vae
  case textEncoder = "text_encoder"
  case textEncoder2 = "text_encoder_2"
  case textEncoder3 = "text_encoder_3"
  case safetyChecker = "safety_checker"

  /// Those that pictures are drawn with. A model is whole without the others.
  package static let drawing = allCases.filter(\.row.draws)

  /// For people.
  package var title: String {
    switch self {
    case .unet: "UNet"
    case .transformer: "transformer"
    case .vae: "VAE"
    case .textEncoder: "text encoder"
    case .textEncoder2: "second text encoder"
    case .textEncoder3: "third text encoder"
    case .safetyChecker: "safety checker"
    }
  }

  /// The library whose names its tensors have.
  enum Naming {
    case diffusersNetwork, autoencoder, textEncoder, safetyChecker
  }

  /// The name of its weight files up to the first dot.
  package var fileStem: String { row.stem }
  var naming: Naming { row.naming }

  /// The table: one row a part.
  private var row: (stem: String, naming: Naming, draws: Bool) {
    switch self {
    case .unet, .transformer: ("diffusion_pytorch_model", .diffusersNetwork, true)
    case .vae: ("diffusion_pytorch_model", .autoencoder, true)
    case .textEncoder, .textEncoder2, .textEncoder3: ("model", .textEncoder, true)
    case .safetyChecker: ("model", .safetyChecker, false)
    }
  }
}
