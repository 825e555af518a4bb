import Families
import Sampling
import Weights

/// One way to clean latents: at what size, over which steps, from what.
package struct Pass {
  package enum Start: Sendable {
    /// The noise of the picture's seed alone.
    case noise
    /// The picture of the pass before, enlarged, with as much noise as the first step begins with.
    case previous
  }

  /// Its place among the passes of a job.
  package let index: Int
  package let model: any DiffusionModel
  /// Pixels.
  package let width: Int
  package let height: Int
  package let start: Start
  /// The share of a schedule's steps that `steps` are: 1 from pure noise.
  package let strength: Double
  package var steps: StepList

  /// Number of steps.
  package var count: Int { steps.steps.count }

  /// "512x512".
  var size: String { "\(width)x\(height)" }

  package var latents: LatentSize {
    let factor = model.traits.latents.factor
    return LatentSize(height: height / factor, width: width / factor)
  }

  /// Latents of the pass's size, all 0.
  package func emptyLatents(batch: Int = 1) -> Latents {
    Latents(
      batch: batch, channels: model.traits.latents.channels, height: latents.height, width: latents.width)
  }

  /// The passes of a picture of this size: two if it is too large for the model to be drawn at once.
  /// - Parameters:
  ///   - count: steps of the first pass.
  ///   - schedule: makes a list of so many steps.
  /// - Throws: `DarkroomError` if a second pass is needed and the model cannot encode pictures; what `schedule` throws.
  static func passes(
    width: Int, height: Int, _ count: Int, _ mode: GenerationRequest.SecondPass, _ model: LoadedModel,
    schedule: (Int) throws -> StepList
  ) throws -> [Pass] {
    let all = try schedule(count)
    let (network, traits) = (model.network, model.traits)
    guard mode == .auto, let small = traits.firstPass(width: width, height: height) else {
      return [
        Pass(index: 0, model: network, width: width, height: height, start: .noise, strength: 1, steps: all)
      ]
    }
    guard traits.hasEncoder else {
      throw DarkroomError(
        .request,
        "second_pass: \(width)x\(height) is above this model's useful size (\(traits.nativeSide)x\(traits.nativeSide)), and \(model.checkpoint.name) has no VAE encoder, which a second pass needs; expected a smaller size, or never"
      )
    }
    let strength = traits.secondPass.strength(
      enlarging: Double(max(width, height)) / Double(max(small.width, small.height)))
    // As many steps at least as keep one.
    let kept = try schedule(max(count, Int((1 / strength).rounded(.up)))).kept(strength: strength)
    let second = Pass(
      index: 1, model: network, width: width, height: height, start: .previous, strength: strength,
      steps: kept)
    // Fails here rather than after the first pass.
    _ = try network.encoder(second.latents)
    return [
      Pass(
        index: 0, model: network, width: small.width, height: small.height, start: .noise, strength: 1,
        steps: all),
      second,
    ]
  }
}
