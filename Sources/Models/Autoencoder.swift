import Graph
import SystemFiles
import Weights

/// The half of an autoencoder that makes pictures of latents.
package protocol LatentDecoder: Sendable {
  /// Records the decoding of `batch` latents: input `latents` (channels first), output `picture` (channels
  /// last).
  /// - Parameter pixels: whether the device may round pictures to bytes.
  func graph(batch: Int, height: Int, width: Int, pixels: Bool) -> Graph
}

/// The half of an autoencoder that makes latents of pictures.
package protocol LatentEncoder: Sendable {
  /// Records the encoding of `batch` pictures: input `picture` (channels last), output `moments` (channels first).
  /// - Parameters:
  ///   - height: of the latents, as is `width`.
  func graph(batch: Int, height: Int, width: Int) -> Graph
}

/// An autoencoder by its sizes, of one of the kinds that stand between pictures and latents.
package enum Autoencoder: Sendable, Equatable {
  case variational(VAEConfiguration)
  case tiny(TinyAutoencoderConfiguration)

  /// diffusers' classes.
  package static let classes = ["AutoencoderKL", "AutoencoderTiny"]

  /// Reads a diffusers `config.json`.
  /// - Parameter name: its class; the variational one unless this names the other.
  /// - Throws: `ConfigurationError` naming the field.
  package init(_ file: ConfigurationFile, class name: String?) throws {
    self =
      name == Self.classes[1]
      ? .tiny(try TinyAutoencoderConfiguration(file)) : .variational(try VAEConfiguration(file))
  }

  /// Reads kind and sizes from the tensors `vae.…`.
  package init(inferredFrom shape: ShapeLookup) throws {
    self =
      shape("vae.\(TinyDecoder.firstTensor)") != nil
      ? .tiny(try TinyAutoencoderConfiguration(inferredFrom: shape, family: .init()))
      : .variational(try VAEConfiguration(inferredFrom: shape, family: .init()))
  }

  package var latentChannels: Int {
    switch self {
    case .variational(let sizes): sizes.latentChannels
    case .tiny(let sizes): sizes.latentChannels
    }
  }

  package var pictureChannels: Int { 3 }

  /// Picture pixels of one latent pixel, a side.
  package var factor: Int {
    switch self {
    case .variational(let sizes): sizes.factor
    case .tiny(let sizes): sizes.factor
    }
  }

  /// A latent z is decoded from z / scale.
  package var latentScale: Float {
    switch self {
    case .variational(let sizes): sizes.latentScale
    case .tiny(let sizes): sizes.latentScale
    }
  }

  /// The same with another scale of latents.
  package func scaled(by scale: Float) -> Autoencoder {
    switch self {
    case .variational(var sizes):
      sizes.latentScale = scale
      return .variational(sizes)
    case .tiny(var sizes):
      sizes.latentScale = scale
      return .tiny(sizes)
    }
  }

  package func decoder(_ weights: Weights) -> any LatentDecoder {
    switch self {
    case .variational(let sizes): VAEDecoder(weights, sizes)
    case .tiny(let sizes): TinyDecoder(weights, sizes)
    }
  }

  /// Nil if there are no tensors of one: files that only make pictures may lack it.
  package func encoder(_ weights: Weights) -> (any LatentEncoder)? {
    switch self {
    case .variational(let sizes):
      weights.contains(VAEEncoder.firstTensor) ? VAEEncoder(weights, sizes) : nil
    case .tiny(let sizes):
      weights.contains(TinyEncoder.firstTensor) ? TinyEncoder(weights, sizes) : nil
    }
  }
}
