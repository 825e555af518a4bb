/// How far a generation has come.
public struct GenerationProgress: Codable, Sendable, Equatable {
  public enum Stage: String, Codable, Sendable {
    case loading, encoding, sampling, decoding
    /// Between the passes of a large picture: decoded, resized and encoded again.
    case enlarging
  }

  public var stage: Stage
  /// Pictures that are finished, and all that were asked for.
  public var finishedPictures = 0
  public var pictures = 1
  /// Pictures that are sampled together now.
  public var batch = 1
  /// Finished sampling steps of the pictures at work, and all of them: those of both passes where there are two.
  public var step = 0
  public var steps = 0
  /// The share of this request's sampling that is done, 0...1: steps of all pictures, weighted by their size.
  public var fraction = 0.0
  /// Mean time of a sampling step so far in this request, of the pass at work; nil before the first.
  public var secondsPerStep: Double?
  /// An estimate of the time left for sampling in this request; nil before the first step.
  public var secondsLeft: Double?
}

extension GenerationProgress {
  /// The beginning of a stage, for whoever shows or imitates a generation.
  public init(stage: Stage) { self.stage = stage }

  /// The progress of one picture as that of a request for several, which take the same time.
  func part(_ index: Int, of count: Int) -> GenerationProgress {
    var whole = self
    (whole.finishedPictures, whole.pictures) = (index + finishedPictures, count)
    whole.fraction = (Double(index) + fraction) / Double(count)
    if let secondsPerStep, let secondsLeft {
      whole.secondsLeft = secondsLeft + secondsPerStep * Double(steps * (count - index - 1))
    }
    return whole
  }
}

/// Something that the user should know about a request that was carried out all the same.
public struct Notice: Codable, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  package init(description: String) { self.description = description }
}
