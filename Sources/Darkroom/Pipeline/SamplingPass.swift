import Models
import Sampling
import Weights

/// One way from noise to clean latents: at what size, over which steps.
package struct SamplingPass {
  /// 0 for the first pass of a job, 1 for the second.
  let index: Int
  /// Pixels.
  package let width: Int
  package let height: Int
  /// The share of a schedule's steps that `steps` are: 1 from pure noise.
  package let strength: Double
  package var steps: StepList

  /// Number of steps.
  package var count: Int { steps.steps.count }

  /// "512x512".
  var size: String { "\(width)x\(height)" }

  /// The passes of a picture of this size: two if it is too large for the model to be drawn at once.
  /// - Parameter schedule: makes a list of so many steps.
  /// - Throws: `DarkroomError` if a second pass is needed and the model cannot encode pictures; what `schedule` throws.
  static func passes(
    width: Int, height: Int, _ count: Int, _ mode: GenerationRequest.SecondPass, _ model: LoadedModel,
    schedule: (Int) throws -> StepList
  ) throws -> (first: SamplingPass, second: SamplingPass?) {
    let all = try schedule(count)
    guard mode == .auto, let size = model.firstPass(width: width, height: height) else {
      return (SamplingPass(index: 0, width: width, height: height, strength: 1, steps: all), nil)
    }
    guard model.hasEncoder else {
      throw DarkroomError(
        .request,
        "second_pass: \(width)x\(height) is above this model's useful size (\(model.nativeSide)x\(model.nativeSide)), and \(model.checkpoint.name) has no VAE encoder, which a second pass needs; expected a smaller size, or never"
      )
    }
    // Fails here rather than after the first pass.
    _ = try model.encoder
    let rule = model.family.secondPass
    let strength = rule.strength(enlarging: Double(max(width, height)) / Double(max(size.width, size.height)))
    // As many steps at least as keep one.
    let kept = try schedule(max(count, Int((1 / strength).rounded(.up)))).kept(strength: strength)
    return (
      SamplingPass(index: 0, width: size.width, height: size.height, strength: 1, steps: all),
      SamplingPass(index: 1, width: width, height: height, strength: strength, steps: kept)
    )
  }
}
