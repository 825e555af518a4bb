/// What a safety checker says of a picture.
///
/// A score is the cosine between the picture and a concept, less the concept's threshold, rounded to three digits: above 0, the
/// picture shows the concept. Concepts are known by number alone; whoever trained the checker did not publish their names.
/// The rules are those of diffusers' StableDiffusionSafetyChecker.
public struct SafetyVerdict: Codable, Sendable, Equatable {
  /// Scores of the concepts that make a picture unsafe, in the order of the checker's file.
  public let scores: [Float]
  /// Scores of the concepts that call for more care. The first of them that the picture shows adds 0.01 to all scores that
  /// come after it: to those of the others, and of all in `scores`.
  public let specialCareScores: [Float]

  /// Whether the picture shows a concept that makes it unsafe.
  public var isUnsafe: Bool { !concepts.isEmpty }
  /// The numbers of those that it shows, from 0.
  public var concepts: [Int] { scores.indices.filter { scores[$0] > 0 } }
  /// The numbers of the concepts of special care that it shows.
  public var specialCareConcepts: [Int] { specialCareScores.indices.filter { specialCareScores[$0] > 0 } }

  /// How near a picture comes to a concept.
  package typealias Likeness = (cosine: Float, threshold: Float)

  package init(specialCare: [Likeness], concepts: [Likeness]) {
    var adjustment: Float = 0
    func score(_ likeness: Likeness) -> Float {
      ((likeness.cosine - likeness.threshold + adjustment) * 1000).rounded(.toNearestOrEven) / 1000
    }
    specialCareScores = specialCare.map { likeness in
      let score = score(likeness)
      if score > 0 { adjustment = 0.01 }
      return score
    }
    scores = concepts.map(score)
  }
}
