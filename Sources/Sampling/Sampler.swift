/// What a request may tell a sampler.
package struct SamplerOptions: Sendable, Equatable {
  /// Share of the noise that is drawn anew in each step, 0...1; nil for the sampler's own default. Samplers
  /// without such a parameter ignore it.
  package var eta: Double?
  /// Whose defaults hold, and whose rules where programs mean different things by one name.
  package var system: NameSystem

  package init(eta: Double? = nil, system: NameSystem = .diffusers) {
    self.eta = eta
    self.system = system
  }
}

/// A named function from noise to a picture.
///
/// It knows levels, not networks: guidance and batching live in `denoise`; masks, previews, progress and
/// cancelling in `afterStep`; image-to-image is a shorter list of steps.
public struct Sampler: Named {
  /// Fills `clean` with the estimate of the clean picture in `x` at `level`. Throwing ends the sampling.
  package typealias Denoise = (_ x: Latents, _ level: NoiseLevel, _ clean: inout Latents) throws -> Void
  /// Runs after each step, and may change the latents, which are now at `level`. Throwing ends the sampling.
  /// `step` counts from 0, and never passes the number of steps; samplers that choose their own steps may leave
  /// numbers out or repeat them.
  package typealias AfterStep = (_ x: inout Latents, _ level: NoiseLevel, _ step: Int) throws -> Void

  /// What the pictures of more and more steps come to.
  package enum Limit: Sendable, Equatable {
    /// The probability flow's picture of the starting noise: any such sampler's, if eta is 0 or has no meaning.
    case flow
    /// The stochastic differential equation's picture of the starting noise and the noise on the way, if that is
    /// one Brownian path; the flow's at eta 0.
    case path
    /// None: each number of steps has its own pictures.
    case none
  }

  /// What the noise on the way is.
  public enum StepNoise: String, Codable, Sendable, CaseIterable {
    /// Fresh numbers from the generator that the starting noise came from.
    case generator
    /// Increments of one Brownian path per picture (`BrownianNoise`).
    case brownian
  }

  /// The loop itself.
  typealias Body = @Sendable (_ x: inout Latents, _ run: inout SamplingRun) throws -> Void

  package let name: String
  /// The name that A1111's web UI shows and writes into pictures.
  package let title: String
  /// Its names in other programs.
  package let names: [NameSystem: [String]]
  /// How diffusers chooses this sampler's levels, and so in which space its latents are.
  package let levels: LevelRule
  /// How A1111 chooses them.
  var webUILevels = WebUILevels.sigmas
  /// What A1111 means by the schedule "Automatic".
  var webUISchedule = Schedule.normal
  /// Programs that leave out the last sigma before 0 of one more step ("discard penultimate").
  var droppingLastSigma: Set<NameSystem> = []
  /// The sigma that ComfyUI's lists end at; nil for the clean picture.
  var comfyEnd: Double?
  package var limit: Limit
  package var stepNoise = StepNoise.generator
  /// Calls of `denoise` a step, but for the last, which may need fewer.
  package let callsPerStep: Int
  /// Eta if the request says nothing; nil if the sampler ignores eta.
  package var defaultEta: Double?
  /// Whether it measures its own error, over all latents: pictures of a batch would depend on each other.
  package var isAdaptive = false
  /// Whether its formulas hold in the space of flow models too, from a level without any signal.
  var holdsForFlow = false
  /// With fewer steps it is unstable: methods of third and fourth order extrapolate over steps of very different width
  /// when there are few (issue 10223 of A1111's web UI).
  var fewestSteps: Int?
  /// What else a user should know of a number of steps.
  var caution: @Sendable (_ steps: Int) -> String? = { _ in nil }
  /// What happens to each estimate of the clean picture; nil for nothing.
  package var threshold: DynamicThreshold?
  /// Whether diffusers' class steps through timesteps whatever sigmas the model asks for.
  var knowsTimestepsAlone = false
  var body: Body

  package static let all: [Sampler] = [
    .ddim, .ddpm, .pndm, .euler, .eulerAncestral, .heun, .dpm2, .dpm2Ancestral, .lms, .dpmpp2M, .dpmpp3M,
    .dpmpp2S, .dpmpp2SAncestral, .dpmppSDE, .dpmpp2MSDE, .dpmpp2MSDEHeun, .dpmpp3MSDE, .unipc, .unipcBH2,
    .deis, .lcm, .tcd, .restart, .dpmFast, .dpmAdaptive,
  ]

  /// Whether it draws noise on the way.
  /// - Parameter eta: of the request.
  package func isStochastic(eta: Double?, in system: NameSystem = .diffusers) -> Bool {
    switch limit {
    case .flow: false
    // The noise of those that ignore eta is always whole.
    case .path, .none: (eta.flatMap { defaultEta == nil ? nil : $0 } ?? defaultEta(in: system) ?? 1) > 0
    }
  }

  /// Eta if the request says nothing: A1111 gives 1 to all samplers of k-diffusion that know it.
  package func defaultEta(in system: NameSystem) -> Double? {
    if system == .a1111, limit == .path, levels == .sigmas { return defaultEta.map { _ in 1 } }
    return defaultEta
  }

  /// Takes the latents through the steps, in place.
  ///
  /// - Parameters:
  ///   - x: latents at the first step's `from`; at the last step's `to` afterwards, unless the sampler ends
  ///     elsewhere (DPM fast and DPM adaptive end at the model's least noise).
  ///   - list: noisiest first (`Schedule.steps`); each step starts with sigma above 0.
  ///   - noise: a source for whole batches of this shape.
  /// - Returns: how often it called `denoise`.
  /// - Throws: `SamplingError.setting` if eta is outside 0...1, `SamplingError.level` for a step that starts
  ///   without noise, and what the closures throw.
  @discardableResult
  package func sample(
    _ x: inout Latents, steps list: StepList, noise: inout any NoiseSource,
    options: SamplerOptions = SamplerOptions(), denoise: Denoise,
    afterStep: AfterStep = { _, _, _ in }
  ) throws -> Int {
    // Every sampler divides by the sigma it starts from.
    for step in list.steps where !(step.from.sigma > 0) { throw SamplingError.level(step.from) }
    let eta = options.eta ?? defaultEta(in: options.system) ?? 0
    guard eta >= 0, eta <= 1 else {
      throw SamplingError.setting(name: "eta", value: "\(eta)", expected: "0 to 1")
    }
    guard !list.steps.isEmpty else { return 0 }
    return try withoutActuallyEscaping(denoise) { denoise in
      try withoutActuallyEscaping(afterStep) { afterStep in
        var run = SamplingRun(
          list, eta: eta, system: options.system, threshold: threshold, noise: noise, denoise: denoise,
          afterStep: afterStep)
        defer { noise = run.noise }
        try body(&x, &run)
        return run.calls
      }
    }
  }
}
