import Sampling

extension GenerationRequest {
  /// Whose names and rules of sampling hold: the levels of a schedule, the scale of the starting noise, the
  /// defaults of a sampler.
  public enum System: String, Codable, Sendable, CaseIterable {
    /// diffusers', and this engine's own names.
    case diffusers
    /// AUTOMATIC1111's web UI.
    case a1111
    /// ComfyUI.
    case comfyui
    /// The enumerations of Stability's hosted APIs, run by diffusers' rules.
    case stability

    package var names: NameSystem {
      switch self {
      case .diffusers: .diffusers
      case .a1111: .a1111
      case .comfyui: .comfyui
      case .stability: .stability
      }
    }
  }

  /// The random numbers of a seed.
  public enum Noise: String, Codable, Sendable, CaseIterable {
    /// torch's on the processor: diffusers, ComfyUI.
    case torchCPU = "torch-cpu"
    /// CUDA's: A1111 with "NV" or a GPU, stable-diffusion.cpp.
    case nvidia

    var generator: NoiseRule.Generator {
      switch self {
      case .torchCPU: .torchCPU
      case .nvidia: .nvidia
      }
    }
  }

  /// How the pictures of a request share random numbers.
  public enum BatchNoise: String, Codable, Sendable, CaseIterable {
    /// Picture k has its own generator, with seed + k.
    case perPicture = "per-picture"
    /// One generator draws all pictures as one tensor: diffusers with a single generator.
    case oneTensor = "one-tensor"
    /// The same for the start, and a second generator with seed + 1 for the steps: ComfyUI on the processor.
    case comfyUI = "comfyui"

    var rule: NoiseRule.Batch {
      switch self {
      case .perPicture: .perPicture
      case .oneTensor: .oneTensor
      case .comfyUI: .comfyUI
      }
    }
  }

  /// What the noise on the way is.
  public enum StepNoise: String, Codable, Sendable, CaseIterable {
    /// The generator's next numbers.
    case generator
    /// Increments of a Brownian path over the model's noise levels, which the seed determines: then more steps make
    /// the same picture more precisely.
    case brownian
  }

  /// The place of a picture among those that were drawn as one tensor; "2/4" as text.
  public struct BatchPlace: Codable, Sendable, Equatable, LosslessStringConvertible {
    /// From 1.
    public let picture: Int
    public let count: Int

    /// - Precondition: the picture is one of them.
    init(picture: Int, of count: Int) {
      precondition((1...max(count, 1)).contains(picture), "picture \(picture) of \(count)")
      (self.picture, self.count) = (picture, count)
    }

    public init?(_ text: String) {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let picture = parts[0], let count = parts[1], Limits.count.contains(count),
        (1...count).contains(picture)
      else { return nil }
      (self.picture, self.count) = (picture, count)
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      guard let place = BatchPlace(try container.decode(String.self)) else {
        throw DecodingError.dataCorruptedError(
          in: container,
          debugDescription: "batch_place: expected a picture and a number of pictures such as 2/4")
      }
      self = place
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(description)
    }

    public var description: String { "\(picture)/\(count)" }
  }
}
