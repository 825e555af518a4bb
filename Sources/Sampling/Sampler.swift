/// What a request may tell a sampler.
package struct SamplerOptions: Sendable, Equatable {
  /// Share of the noise that is drawn anew in each step, 0...1; nil for the sampler's own default. Samplers
  /// without such a parameter ignore it.
  package var eta: Double?

  package init(eta: Double? = nil) { self.eta = eta }
}

/// A named function from noise to a picture.
///
/// It knows levels, not networks: guidance and batching live in `denoise`; masks, previews, progress and
/// cancelling in `afterStep`; image-to-image is a shorter list of steps.
package struct Sampler: Named, Sendable {
  /// Fills `clean` with the estimate of the clean picture in `x` at `level`. Throwing ends the sampling.
  package typealias Denoise = (_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws -> Void
  /// Runs after each step, and may change the latents, which are now at `level`. Throwing ends the sampling.
  package typealias AfterStep = (_ x: inout Latents, _ level: NoiseLevel, _ step: Int) throws -> Void

  /// When a sampler draws from the noise source.
  package enum NoiseUse: Sendable, Equatable {
    case never
    /// In every step if eta is above 0, which it is not by default.
    case withEta
    /// In every step, also in the last, where the factor may be 0: the generator moves on as in diffusers.
    case always
  }

  /// The loop itself, with the eta to use.
  typealias Body =
    @Sendable (
      _ x: inout Latents, _ steps: [Step], _ noise: inout any NoiseSource, _ eta: Double,
      _ denoise: Denoise, _ afterStep: AfterStep
    ) throws -> Void

  package let name: String
  /// The name that A1111's web UI shows and writes into pictures.
  package let title: String
  package let aliases: [String]
  /// The space that its steps and latents are in.
  package let space: NoiseSpace
  package let noiseUse: NoiseUse
  /// Calls of `denoise` a step.
  package let callsPerStep: Int
  /// Eta if the request says nothing; nil if the sampler ignores eta.
  package let defaultEta: Double?
  let body: Body

  package static let all: [Sampler] = [.ddim, .euler, .eulerAncestral]

  /// The sampler of a name or alias, whatever the case of ASCII letters.
  ///
  /// - Throws: `SamplingError.unknownName` with the near names.
  package static func named(_ name: String) throws -> Sampler {
    try NameTable.find(name, among: all, kind: "sampler")
  }

  /// Takes the latents through the steps, in place. Allocates at the start only.
  ///
  /// - Parameters:
  ///   - x: latents at the first step's `from`, in `space`; at the last step's `to` afterwards.
  ///   - steps: in `space`, noisiest first (`Schedule.steps`); each starts with sigma above 0.
  ///   - noise: a source for whole batches of this shape.
  /// - Throws: `SamplingError.setting` if eta is outside 0...1, `SamplingError.level` for a step that starts
  ///   without noise, and what the closures throw.
  package func sample(
    _ x: inout Latents, steps: [Step], noise: inout any NoiseSource,
    options: SamplerOptions = SamplerOptions(), denoise: Denoise,
    afterStep: AfterStep = { _, _, _ in }
  ) throws {
    // Every sampler divides by the sigma it starts from.
    for step in steps where !(step.from.sigma > 0) { throw SamplingError.level(step.from) }
    let eta = options.eta ?? defaultEta ?? 0
    guard eta >= 0, eta <= 1 else {
      throw SamplingError.setting(name: "eta", value: "\(eta)", expected: "0 to 1")
    }
    try body(&x, steps, &noise, eta, denoise, afterStep)
  }
}
