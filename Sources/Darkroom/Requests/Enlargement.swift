import Sampling

/// What enlarges a picture between two passes.
package enum Enlargement: Sendable, Equatable {
  /// Lanczos' filter, of the decoded picture.
  case lanczos
  /// The latents themselves, without decoding them.
  case latents(Latents.Filter)

  /// For requests; A1111's names are known too.
  package static let names = ["lanczos", "latent", "latent-nearest"]

  /// - Parameter name: nil for the usual one.
  init?(_ name: String?) {
    switch name?.lowercased() {
    case nil, "lanczos": self = .lanczos
    case "latent", "latent (bilinear)": self = .latents(.bilinear)
    case "latent-nearest", "latent (nearest-exact)": self = .latents(.nearest)
    default: return nil
    }
  }

  /// Whether the enlarged picture becomes latents again.
  var needsEncoder: Bool { if case .latents = self { false } else { true } }

  /// As A1111 writes it.
  var title: String {
    switch self {
    case .lanczos: "Lanczos"
    case .latents(.bilinear): "Latent"
    case .latents(.nearest): "Latent (nearest-exact)"
    }
  }
}

extension ResolvedRequest {
  /// What enlarges between its passes.
  var enlargement: Enlargement { Enlargement(upscaler) ?? .lanczos }
}
