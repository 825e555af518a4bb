import Sampling
import Tokenizer

// What the modules below call the values of some fields is the library's name for them too.
@_exported import struct Sampling.NoiseRule
@_exported import enum Sampling.NameSystem
@_exported import enum Sampling.Prediction
@_exported import struct Sampling.Sampler
@_exported import enum Tokenizer.PromptMode
@_exported import enum Tokenizer.PromptSyntax

extension GenerationRequest {
  /// Whose names and rules of sampling hold: the levels of a schedule, the scale of the starting noise, the
  /// defaults of a sampler.
  public typealias System = NameSystem
  /// The random numbers of a seed.
  public typealias Noise = NoiseRule.Generator
  /// How the pictures of a request share random numbers.
  public typealias BatchNoise = NoiseRule.Batch
  /// What the noise on the way is.
  public typealias StepNoise = Sampler.StepNoise
  /// What a network's output means.
  public typealias Prediction = Sampling.Prediction
  /// What in a prompt has a meaning beyond its words.
  public typealias PromptSyntax = Tokenizer.PromptSyntax
  /// What happens to a prompt that is longer than the text encoder's window.
  public typealias PromptMode = Tokenizer.PromptMode

  /// The arithmetic of the networks.
  public enum Precision: String, Codable, Sendable, CaseIterable {
    /// The fastest that keeps the picture: float16 on a GPU; on the processor bfloat16 if it multiplies that faster,
    /// else float32.
    case auto
    case float32
    /// Values and weights in 16 bits, sums in 32; on a GPU.
    case float16
    /// The same with float32's range and fewer digits; on the processor.
    case bfloat16
    /// The linear layers of large networks in 8 bits where the picture allows it, sums in whole numbers of 32; all else
    /// in bfloat16; on the processor.
    case int8
  }

  /// What of a picture is worked on where a mask chooses what is drawn anew.
  public enum InpaintArea: String, Codable, Sendable, CaseIterable {
    /// All of it.
    case whole
    /// The part around the mask, at the size that was asked for: small parts get more detail, and large pictures stay
    /// large.
    case masked
  }

  /// What stands in the masked part of a picture before it is drawn anew.
  public enum MaskFill: String, Codable, Sendable, CaseIterable {
    /// What is there.
    case original
    /// The seed's noise instead of what is there.
    case noise
    /// The colours around it, blurred.
    case blur
    /// Latents of 0, a grey brown.
    case none
  }

  /// How pictures well above the model's native size are made.
  public enum SecondPass: String, Codable, Sendable, CaseIterable {
    /// Drawn near the native size, enlarged, and refined at the size that was asked for: models repeat their
    /// subject in pictures larger than those that they were trained with.
    case auto
    /// Drawn at once.
    case never
  }

  /// The place of a picture among those that were drawn as one tensor; "2/4" as text.
  public struct BatchPlace: Sendable, Equatable, LosslessStringConvertible {
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
      guard parts.count == 2, let picture = parts[0], let count = parts[1],
        RequestLimits.standard.count.contains(count),
        (1...count).contains(picture)
      else { return nil }
      (self.picture, self.count) = (picture, count)
    }

    public var description: String { "\(picture)/\(count)" }
  }
}
